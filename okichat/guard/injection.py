"""Attempts to take the assistant away from its work, recognised by rules: sure ones only, the rest is left to others.

Rules read a plain form of the text: small letters, no accents, no invisible or look-alike characters, one blank between
words. They are written for precision: what an accountant's client may ask must never match (tests/guard/test_injection.py)."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

_LOOK_ALIKES = str.maketrans("абеікмнорстухѕјԁɡαερουντ", "abeikmhopctyxsjdgaepouvt")
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?=\w*[a-z])[\w@$]*[013457@$][\w@$]*", re.ASCII)
_NO_WORD = re.compile(r"[\W_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_FEW = r"(?:\w+ ){0,5}"
_SOME = r"(?:\w+ ){0,9}"
_YOURS = r"(?:tes|ta|ton|your|ur|vos|votre|thy) "

_IGNORE = (
    r"(?<!ai )(?<!as )(?<!avez )(?<!avons )(?<!ont )\b(?:ignor(?:e|es|ez|er|ing)?|oubli(?:e|es|ez|er)|forget|disregard|neglect|override|bypass"
    r"|circumvent|contourn(?:e|es|ez|er)|outrepass(?:e|ez|er)|passe outre|fais abstraction|desactiv(?:e|es|ez|er)|disable|turn off|annul(?:e|ez|er)"
    r"|efface|delete|erase|reset|remove|supprime|leve|lift|unlock|deverrouille|debride|debarrasse toi de|abandonn(?:e|ez|er)|stop following|stop obeying"
    r"|(?:do not|don t|never) (?:follow|obey)|n obeis (?:plus|pas)|ne (?:suis|respecte|tiens) (?:plus|pas)|plus besoin de (?:suivre|respecter)"
    r"|break|violate|enfreins|desobeis|ignora|olvida|ignoriere|vergiss|dimentica|ignorar) "
)
_SHOW = (
    r"\b(?:montre|montrer|montres|affiche|afficher|donne|donner|donnes|file|balance|revele|reveler|revelez|dis|repete|repetes|repeter|repetez|recite|cite|recopie"
    r"|copie|colle|imprime|ecris|divulgue|transmets|communique|envoie|traduis|resume|encode|liste|enumere|decris|explique|continue|complete|print|show|reveal"
    r"|display|output|repeat|recite|tell|give|dump|leak|expose|share|list|spell|write|paste|echo|translate|summari[sz]e|describe|return|send|export|extract"
    r"|what (?:is|are|was|were|s)|quel(?:le)?s? (?:est|sont|etait|etaient)|c est quoi|mu[ée]strame) "
)
_MAKE = (
    r"\b(?:ecris|ecrire|ecrivez|ecrit|redige|rediger|redigez|compose|composer|composez|invente|inventer|genere|generer|generez|cree|creer|code|coder|developpe|fais|faire"
    r"|donne|raconte|raconter|racontez|chante|recite|pond|ponds|improvise|imagine|write|compose|generate|create|make|tell|give|sing|invent|draft|produce|build|need|want|veux) "
)
_PLAY = r"(?:texte?|poeme|poesie|alexandrins?|chanson|rap|haiku|sonnet|conte|blagues?|devinette|roman|nouvelle|fanfiction|dissertation|fable|poem|song|lyrics|limerick|jokes?|riddle|novel|short story|bedtime story|fairy tale|essay|love letter|lettre d amour|discours de mariage|wedding speech|screenplay|sketch|horoscope|tweet|tweets)"
_PROGRAM = r"(?:code|script|scripts|programme|program|fonction|function|algorithme|algorithm|composant|component|app|application|jeu|game|bot|scraper|site|website|page|requete|query|regex|classe|class|macro|query|shader|malware|virus|keylogger|exploit)"
_LANGUAGE = r"(?:python|javascript|typescript|react|vue|html|css|php|java|rust|golang|kotlin|swift|bash|sql|c|cpp|excel vba|vba|node|django|flask|ruby|perl|unity|assembly)"
_TONGUE = r"(?:japonais|chinois|espagnol|allemand|italien|russe|arabe|portugais|latin|klingon|japanese|chinese|spanish|german|italian|russian|arabic|portuguese|korean|hindi|polish|dutch)"
_SECRETS = (
    r"(?:(?:cles?|clefs?|key|token|jeton|mots? de passe|password|identifiants) (?:d )?(?:api|secrete?s?|openai|admin\w*|du serveur|de l api)|api keys?|openai api key|secret keys?"
    r"|variables? d environnement|environment variables?|env vars?|fichier env|env file|system message|message systeme|developer message|admin password"
    r"|conversations? (?:des|d) autres? \w+|(?:messages|questions|donnees|historiques?) (?:des|d) autres? (?:visiteurs|utilisateurs|clients|personnes)"
    r"|other (?:users?|visitors?|customers?|clients?|people) (?:s )?(?:conversations?|messages|data|chats|questions))"
)

_RULES = tuple(
    re.compile(rule)
    for rule in (
        # what came before shall not count
        _IGNORE + _FEW + r"(?:instructions?|instrucciones|anweisungen|istruzioni|instrucoes|consignes?|prompts?|preprompt|directives?|guidelines|garde fous?|guardrails?|system prompt)\b",
        _IGNORE + _FEW + _YOURS + r"(?:\w+ ){0,2}(?:regles?|rules?|limites?|limits?|limitations?|restrictions?|filtres?|filters?|securites?|safety|safeguards?|programmation|programming|training|contraintes?|constraints?|role|roles|mission|ethique|ethics|politiques?|policy|policies|persona|censure|alignement)\b",
        _IGNORE + r"(?:absolument |absolutely )?(?:tou\w*|everything|all|anything|whatever) (?:\w+ ){0,7}(?:avan|avant|precede\w*|dessus|above|before|previous\w*|prior|earlier|far|debut|been told|were told|ont dit|a dit)\b",
        _IGNORE + r"(?:all |toutes )?(?:the |les |of )?(?:previous|prior|above|preceding|earlier) (?:text|messages?|rules|context|conversation|content)\b",
        _IGNORE + r"(?:all |any |toutes? |the |les |la |tous )*(?:safety|content|ethical|moral|security|securite|moderation|ethiques?)\b (?:\w+ )?(?:filters?|rules|checks?|mode|measures|policies|protocols?|guidelines|regles|filtres?|mesures)\b",
        r"\b(?:disable|desactive|turn off) (?:the |your |la |ta )?(?:safety|securite|moderation|censure|censorship)\b",
        r"\b(?:your|tes) (?:\w+ )?(?:rules|regles|restrictions|instructions|consignes) (?:are|sont|have been|ont ete|no longer|ne s appliquent|do not apply|don t apply)\b",
        r"\b(?:aucune?s?|no|plus de|without|sans) (?:\w+ )?(?:regles?|rules|restrictions?|limites?|censure|censorship|filtres?|filters?|guidelines|tabous?) (?:\w+ ){0,3}(?:ne s applique\w*|s applique\w*|applies|apply|any ?more|ni limites?|ni regles?|ni censure|ou tu|where you)\b",
        # what it was told, and secrets
        r"\b(?:system|systeme|hidden|cache|secret|initial|original|full|complet|entire|internal|interne|pre) ?prompts?\b|\bprompts? (?:system|systeme|initial|cache|secret|original|complet|interne|entier|d origine|de depart|in full|above|ci dessus)\b",
        _SHOW + _SOME + r"(?:" + _YOURS + r")?(?:\w+ ){0,2}prompt\b(?! (?:action|response|reply|payment|service|attention|delivery))",
        r"\b(?:ton|tes|your|votre) prompt\b(?! (?:action|response|reply|payment|service|attention|delivery|advice|answer))",
        _SHOW + _FEW + r"(?:tes|ta|ton|your) (?:\w+ ){0,2}(?:instructions?|consignes?|directives?|system message|programmation|programming|pre ?prompt)\b(?! (?:for|on|about|regarding|pour|sur|concernant))",
        _SHOW + _FEW + r"(?:tes|your|vos|the|les|toutes les) (?:\w+ ){0,2}(?:(?:regles?|rules?|consignes?|instructions?|guidelines|configuration|directives?) (?:\w+ ){0,2}(?:internes?|cachees?|secretes?|initiales?|exactes?|systeme|you (?:were|have been|are) (?:given|told|following)|that (?:were|was) given|qui te precedent|qu on t a|que tu as recu\w*|que tu suis|hidden|precedentes?|ci dessus|above|received)|(?:hidden|internal|secret|initial|exact|original|confidential) (?:\w+ )?(?:rules?|instructions?|configuration|config|guidelines|settings))\b",
        _SHOW + _FEW + r"(?:ta|la|your|the|ton) (?:hidden |secret |internal |full |entire )?(?:configuration|config|settings) (?:\w+ )?(?:cachee|secrete|interne|systeme|as json|en json|json|yaml)\b",
        r"\bhidden (?:configuration|instructions?|rules)\b|\b(?:instructions?|consignes?) (?:cachees?|secretes?|systeme)\b",
        _SHOW + _FEW + r"(?:mot pour mot|mot a mot|verbatim|word for word|textuellement) (?:\w+ ){0,9}(?:texte?|debut|consignes?|instructions?|avant|dessus|above|before|given|donne|recu|message|prompt)\b",
        r"\b(?:repeat|print|output|copy|paste|echo|recopie|repete|reproduis|affiche|montre|show|display|write)\b (?:\w+ ){0,6}(?:everything|all|the text|the words|words|tout|le texte|text|texte|content|lines|message|messages|conversation|lignes|ce qui) (?:\w+ ){0,6}(?:above|before this|prior|ci dessus|au dessus|precede|avant ce|avant mon|avant ma|donne au debut|au debut de)\b",
        r"\b(?:what|quel\w*|que|qu) (?:\w+ ){0,6}(?:told|instructed|given|programmed|ordonne|interdit|demande|programme) (?:\w+ ){0,6}(?:before (?:this|my)|avant (?:cette|ma|notre|moi)|at the start of (?:this|our)|au debut de (?:la|cette|notre) (?:conversation|discussion))\b",
        _SHOW + _SOME + _SECRETS,
        r"\b(?:acces|access|liste[rz]?|list|lis|read|dump|exfiltre|recupere|get) (?:\w+ ){0,4}" + _SECRETS,
        r"\b(?:dump|exfiltre|leak|export|exporte|affiche|montre|show|print) (?:\w+ ){0,4}(?:base de donnees|database|db|user table|table des clients|fichiers? clients?|customer list|logs du serveur|server logs)\b",
        r"\b(?:ton|your) (?:code source|source code)\b|\bcode source de (?:ce|cet) (?:bot|chat|assistant)\b",
        # another one speaks
        r"\b(?:tu es|t es|you are|you re|u r|youre) (?:desormais|maintenant|dorenavant|a present|now|no longer|plus un assistant)\b(?! (?:ouverte?s?|fermee?s?|dispo\w*|la|open|closed|located|based|in|at|available|offering|taking|accepting|able|allowed|our|my|my accountant|on|also|ready|part|using|registered|working|certified))",
        r"\b(?:from now on|from this point|desormais|dorenavant|a partir de maintenant|a partir de cet instant|henceforth)\b (?:and \w+ )?(?:tu|you|u|answer|respond|reply|act|speak|talk|write|end|start|begin|reponds|repond|parle|agis|termine|commence|finis|ecris|chaque|toutes tes|every|each|ton|ta|tes|your|add|ajoute|ignore|always|only)\b(?! (?:will be my|serez|avez|etes|sera|will handle|handle|do my|prepare))",
        r"\b(?:pretend|simulate|simule|emule|emulate|act like|behave like|behave as|act as if|fais comme si|faire comme si|fais semblant|faites semblant|faites comme si|imagine que tu|imagine you|imagine that you|imaginons que tu|suppose que tu|suppose you are|let s pretend|on dirait que tu)\b (?!que |qu |d |avoir |not )(?:\w+)",
        r"\b(?:act|acting|answer|respond|reply|speak|talk|write|role ?play|roleplay|agis|agir|reponds|repondre|parle|exprime toi|comporte toi) (?:to me |me |moi |now )?(?:as|like|comme|en tant que|a la maniere de|in the style of) (?!(?:soon|possible|well|far|quickly|much|many|described|agreed|usual|fast|per|of|regards?|our|(?:a|an|my|the|your) (?:\w+ )?(?:auditor|accountant|bookkeeper|trustee|agent|representative|liquidator|cfo|advisor|adviser|consultant|company|director|guarantor|expert|client|tax|partner|employer|individual|sole|nominee|intermediary|go between)|convenu|prevu|si vous|d habitude|vous|un professionnel|mon|ma|mandataire|intermediaire|commissaire|expert|conseil|gerant|associe|caution)\b)\w+",
        r"\b(?:joue|jouer|joues|jouez|incarne|endosse|adopte|prends|play|take on|assume|adopt) (?:\w+ ){0,2}(?:role|personnage|peau|character|part|persona) (?:d|de|du|of)\b(?! (?:tiers|mandataire|representant|commissaire|conseil\w*|conciliateur|mediateur|intermediaire|cac|daf|the auditor|auditor|tax|an? auditor|my accountant))",
        r"\b(?:jailbreak\w*|jail break|developer mode|dev mode|god mode|mode developpeur|mode dieu|mode debug|debug mode|mode admin|admin mode|root mode|mode root|maintenance mode|mode maintenance|sudo mode|mode sans (?:echec|filtre|censure)|unrestricted mode|mode libre|do anything now|dan mode|mode dan|evil mode|opposite mode|stan mode|aim mode|uncensored|unfiltered|non censuree?|decensure|sans (?:aucune )?censure|without (?:any )?(?:censorship|restrictions|filters?|moral\w*|ethic\w*)|no longer bound|amoral\w*|sans morale|stay in character|reste dans (?:le|ton) personnage|jeu de role|role ?play (?:game|as|with)|let s (?:play|role ?play))\b",
        r"\b(?:as|comme|es|are|become|deviens|et|and|like) (?:un |a |named |called |appele )?dan\b",
        r"\b(?:ma mamie|ma grand mere|my grand ?ma|my grand ?mother|my late \w+|my deceased \w+|feu mon \w+) (?:\w+ ){0,6}(?:lisait|racontait|recitait|disait|used to|would|lire|chantait|read me|sang)\b",
        r"\b(?:je suis|ici|c est|i am|i m|this is|im) (?:\w+ ){0,2}(?:l administrateur (?:du|de ce|de cet) (?:site|chat|bot|systeme|serveur|assistant)|administrateur systeme|(?:ton|le|votre) (?:createur|developpeur|programmeur|maitre|boss)\b|(?:your|the) (?:creator|developer|programmer|admin|administrator|sysadmin|system administrator|owner of (?:this|the) (?:bot|site|chat|system))|openai|root|utilisateur autorise|authorized user)\b(?! (?:d une|de la|de notre|du groupe|d un))",
        r"\b(?:utilisateur autorise|authorized user|clearance|acces|niveau d acces|access level|autorisation) (?:de )?(?:niveau|level) \w+\b",
        r"\b(?:i hereby|par la presente je) (?:authori[sz]e|autorise) (?:you|ton|your)\b",
        # how to answer, whatever is asked
        r"\b(?:termine|terminez|commence|commencez|finis|conclus|debute|ponctue|begin|start|end|finish|prefix|close) (?:chacune de |chaque|toutes? (?:tes|les|vos)|tes|tous tes|each|every|all|your)(?: of)?(?: your| tes| next)? (?:prochaines? )?(?:reponses?|messages?|phrases?|answers?|replies|reply|responses?|sentences?)\b",
        r"\b(?:reponds?|repondre|repondez|answer|reply|respond|say|dis|parle|speak|talk|write|ecris) (?:\w+ ){0,3}(?:only|uniquement|seulement|exclusivement|que|rien que|just|simply|exactly|exactement|simplement)? ?(?:in|en|par|with|avec|using) (?:base ?64|leet ?speak|leet|rot13|morse|binary|binaire|hexadecimal|hex|emoji\w*|rhymes?|rimes|vers|verlan|pirate|pig latin|haiku|alexandrins|alexandrin|argot|gros mots|insultes?)\b",
        r"\b(?:repeat after me|repete(?:z)? apres moi|say exactly|dis exactement|say the words?|dis juste|reponds juste oui|say only|reponds oui a tout|repondre oui a tout|say yes to everything|reponds? uniquement (?:par )?(?:oui|ok|pwned|hacked|vrai)|reply (?:only )?with (?:the word|yes|ok|pwned|hacked|true|only)|answer (?:only )?with (?:the word|pwned|hacked))\b",
        r"\b(?:encode|decode|decrypt|dechiffre|decoder?|execute|run|interpret|interprete|obey|follow|suis)\b (?:\w+ ){0,5}(?:base ?64|rot13|hexadecimal|morse|ce code|this code|the (?:hidden|encoded) \w+|payload)\b",
        r"\b(?:insult|insulte|injurie|swear at|curse at) (?:the user|the visitor|me|moi|le visiteur|l utilisateur|everyone|tout le monde|les clients)\b|\binsulte moi\b",
        r"\b(?:dis|say|write|ecris|affirme|confirme|pretends?|answer|reponds) (?:\w+ ){0,4}(?:le cabinet|votre cabinet|ce cabinet|the firm|this firm|oki expertise|oki) (?:est|is|are|sont) (?:\w+ )?(?:nul\w*|mauvais\w*|arnaque\w*|escroc\w*|voleurs?|incompetent\w*|scam\w*|fraud\w*|bad|terrible|crooks?|thieves|useless)\b",
        r"\b(?:new|nouvelles?|updated|real|vraies?|actual|additional) (?:system )?(?:instructions?|consignes|directives|orders|ordres|task|tache|mission|objective|rules|regles)\b (?:\w+ ){0,2}(?:answer|reponds|repondre|you|tu|ignore|always|say|dis|follow|write|from|a partir|ecris|are|is|sont|est|for you|pour toi)\b",
        r"\bsystem override\b|\badmin override\b|\boverride code\b|\bsystem update\b you\b",
        # work for another assistant
        _MAKE + _FEW + _PLAY + r"\b(?! (?:des statuts|du contrat|de loi|de l article|officiel|legal|de la loi|juridique|reglementaire|de reference))",
        r"\b(?:ecris|ecrire|ecrivez|redige|compose|write|invente|genere|generate|raconte|tell) (?:moi |me |nous |us )?(?:une |un |a |an |the |la |le )?(?:petite? |short |belle |funny |long |longue )?(?:histoire|story|redaction|expose|lettre de motivation|cover letter|cv|blog post|article de blog|article sur|article about|linkedin post|post (?:linkedin|instagram|facebook)|product description|fiche de lecture|book report|memoire de|these de|thesis|speech about|discours sur)\b",
        r"\b(?:write|ecris|ecrire|ecrivez|redige|rediger|genere|generate|compose) (?:\w+ ){0,14}\d{2,5} (?:words?|mots|lignes|lines|pages|caracteres|characters|paragraphes|paragraphs)\b",
        r"\b(?:write|ecris|ecrire|ecrivez|genere|generate|code|coder|program|programme|programmer|debug|debugge|developpe|implement|implemente|build|cree|create|give|donne|corrige|fix|optimi[sz]e|refactor|explain|explique|convert|convertis) (?:me |moi |us )?(?:\w+ ){0,4}" + _PROGRAM + r" (?:\w+ ){0,6}" + _LANGUAGE + r"\b",
        r"\b(?:write|ecris|ecrire|ecrivez|genere|generate|code|coder|debug|debugge|implement|build|cree|create|corrige|fix|refactor|need|veux|donne|give) (?:me |moi |us )?(?:\w+ ){0,3}" + _LANGUAGE + r" " + _PROGRAM + r"\b",
        r"\b(?:write|ecris|ecrivez|genere|generate|coder|debug|debugge|implement|refactor|code) (?:me |moi |us )?(?:du |de |some |un |une |a |an |the |le |la |my |mon |ma |ce |cette |this |bout de |morceau de |piece of |petit )*" + _PROGRAM + r"\b(?! (?:d audit|audit|de controle|de formation|de fidelite|ape|naf|of conduct|general|du travail|for your firm|letter))",
        r"\b(?:def |function |class |import |select from |console log|print hello|hello world)\b(?:\w+ )?(?:python|javascript|java|program|programme|script|code)?\b(?<=hello world)",
        r"\bcomment (?:\w+ ){1,5}en (?:python|javascript|typescript|java|php|html|css|rust|bash|sql)\b|\bhow (?:do i|to|can i) (?:\w+ ){1,7}in (?:python|javascript|typescript|java|php|html|css|rust|bash|sql|react)\b",
        r"\b(?:translate|traduis|traduisez|traduire|traduction de)\b (?:moi |me )?(?:this|the following|these|ce|cette|ceci|cela|le texte|la phrase|the sentence|the text|la suite|the word|le mot)\b",
        r"\b(?:translate|traduis|traduisez|traduire)\b (?:\w+ ){0,12}(?:into|in|en|to) " + _TONGUE + r"\b",
        r"\b(?:corrige|corriger|corrigez|relis|relire|proofread|correct|rewrite|reecris|reformule|paraphrase|improve|ameliore|grade|note) (?:\w+ )?(?:ma |mon |my |cette |ce |this |mes )(?:\w+ )?(?:dissertation|redaction|devoir|devoirs|exercice|essay|homework|poem|poeme|text|texte|paragraph|paragraphe|phrase|sentence|cv|resume|cover letter|lettre de motivation|code|script|these|thesis|copie|expose)\b",
        r"\b(?:resous|resoudre|resolvez|solve|calcule|compute|derive|integre|integrate) (?:\w+ ){0,4}(?:equations?|exercice|exercise|integrale?|derivee|derivative|probleme de maths?|math problem|puzzle|sudoku|enigme|riddle|racine carree|square root|polynom\w+|factorielle|factorial)\b",
        r"\b(?:do|help me with|help with|finish|fais|faire|termine|aide moi a faire|aide moi pour) (?:my|mes|mon|ma) (?:\w+ )?(?:homework|devoirs?|dissertation|assignment|math homework|exercices? de (?:maths?|francais|physique|svt|philo)|dm|expose|coursework)\b",
        r"\b(?:free|gratuit\w*|unlimited|illimite|comme|as|like|replace|remplace|instead of|a la place de) (?:a |an |un |ton |my |free |le |de )*(?:chat ?gpt|gpt ?[345]?o?|claude|gemini|copilot|mistral)\b(?! (?:derriere|ou))|\b(?:chat ?gpt|gpt) (?:gratuit|free|gratis|illimite|pour rien)\b",
        r"\b(?:as|comme|like) (?:my |a |un |mon )?(?:linux|unix|bash|python|windows|sql|javascript) ?(?:terminal|shell|console|interpreter|interpreteur|machine|server)?\b|\brun (?:ls|cat|rm|whoami|sudo|the command)\b|\b(?:ls la|rm rf|cat etc passwd|etc passwd|drop table|union select|sudo rm)\b",
        r"\b(?:how|comment) (?:to |do i |can i |peut on |on peut |je peux |puis je |tu m expliques )?(?:make|build|fabriquer|synthetiser|construire|faire|cook|produce|forge|falsifier|contrefaire|pirater|hack) (?:\w+ ){0,3}(?:bomb\w*|explosif\w*|explosives?|weapons?|arme|armes|meth|methamphetamine|drogue|poison|virus|malware|ransomware|molotov|fausse monnaie|fake (?:invoices?|payslips?|money|id)|faux (?:bulletins?|papiers|billets|documents?|diplomes?|passeport)|fausses (?:factures|fiches)|wifi|compte (?:facebook|instagram|gmail)|site web)\b",
        r"\b(?:explique\w*|dis|montre|tell|show|teach|explain|apprends?)\b (?:\w+ ){0,6}(?:blanchir (?:de l |l |mon |du |son )?argent|launder(?:ing)? (?:my |dirty |the )?money|frauder le fisc|evade taxes without|ne pas me faire prendre|without getting caught|cacher (?:de l )?argent au fisc|hide (?:my )?(?:income|money) from the tax)\b",
    )
)

# In the text as it came: forms of address of chat formats, and fences like those of a prompt.
_MARKERS = re.compile(
    r"<\|\w*\|?>|\[/?INST\]|<</?SYS>>|(?:^|\n)\s*(?:#{1,6}|\*\*|\[|<|=+|-{3,})?\s*/?(?:system|syst[èe]me|assistant|developer|instructions?|human|user)\s*(?:\]|>|\*\*|prompt|message)*\s*:"
    r"|#{2,}\s*(?:system|syst[èe]me|instructions?|consignes|end|fin|new|nouvelle)|[\[<({]{1,2}\s*/?\s*(?:(?:fin|d[ée]but) d[ue]s? (?:contexte|prompt|passages?|consignes|instructions)"
    r"|(?:end|begin|start) (?:of )?(?:the )?(?:context|prompt|passages?|instructions?|system|question|user input)|system|syst[èe]me|admin|override|instructions?|context|passages?|question|assistant)\b[^\n\]>)}]{0,40}[\]>)}]"
    r"|<script\b|\{\{.{0,80}\}\}|\$\{.{0,80}\}|'\s*or\s*'?1'?\s*=\s*'?1|\bOPENAI_API_KEY\b|\bDAN\b(?=.{0,80}(?:censure|limit|anything|r[èe]gle|rule|restrict))|---\s*(?:END|BEGIN|FIN|NEW|SYSTEM)\b",
    re.IGNORECASE,
)
_RUN_TOGETHER = re.compile(
    r"ignor\w{0,3}(?:all|any|the|toutes|les|tes|your|previous|prior|precedentes|my){1,4}(?:instructions?|consignes|prompts?|rules|regles)|systemprompt|promptsysteme|oublie(?:toutes)?(?:tes|les)(?:instructions|consignes|regles)"
    r"|(?:reveal|show|print|donne|revele|affiche)(?:me|moi)?(?:your|ton|the|le)(?:system)?prompt|disregard(?:all|the|your|previous|prior){1,3}instructions|jailbreak|doanythingnow"
)


def is_injection(text: str) -> bool:
    """Whether a text surely tries to redirect the assistant, to learn what it was told, or to use it for other work."""
    return _matches(text) or any(_matches(hidden) for hidden in _decoded(text))


def _matches(text: str) -> bool:
    plain = plain_words(text)
    together = plain.replace(" ", "")
    return bool(
        _MARKERS.search(text)
        or any(rule.search(plain) for rule in _RULES)
        or _RUN_TOGETHER.search(together)
        or _RUN_TOGETHER.search(together[::-1])
    )


def plain_words(text: str) -> str:
    """The words in small letters, without accents, look-alikes, invisible characters and digits in place of letters."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LOOK_ALIKES)
    visible = "".join(character for character in decomposed if unicodedata.category(character) not in ("Mn", "Cf", "Me"))
    letters = _LEET_WORD.sub(lambda word: word[0].translate(_LEET), visible.replace("œ", "oe"))
    return _NO_WORD.sub(" ", letters).strip()


def _decoded(text: str) -> list[str]:
    found = []
    for match in _BASE64.finditer(text):
        try:
            found.append(base64.b64decode(match[0] + "=" * (-len(match[0]) % 4)).decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found
