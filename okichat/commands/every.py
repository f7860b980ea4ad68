"""Every command of `okichat`."""

from __future__ import annotations

from okichat.commands.alerts import alert_command
from okichat.commands.answers import evaluate_command, parity_command
from okichat.commands.ask import ask_command
from okichat.commands.backup import backup_command, restore_command
from okichat.commands.check import check_command
from okichat.commands.digest import digest_command
from okichat.commands.figures import recount_command
from okichat.commands.gpt import gpt_command
from okichat.commands.knowledge import knowledge
from okichat.commands.money import estimate_command, usage_command
from okichat.commands.privacy import conversation, privacy_command
from okichat.commands.store import migrate_command, purge_command

COMMANDS = (
    ask_command,
    check_command,
    alert_command,
    migrate_command,
    purge_command,
    backup_command,
    restore_command,
    digest_command,
    recount_command,
    usage_command,
    estimate_command,
    gpt_command,
    evaluate_command,
    parity_command,
    knowledge,
    conversation,
    privacy_command,
)
