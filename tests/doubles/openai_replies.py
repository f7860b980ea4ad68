"""Replies whose bytes are in order while what they say is not what was asked for, by the name of the fault."""

from __future__ import annotations

from tests.doubles.openai_exchange import PATIENCE_S
from tests.doubles.openai_wire import DEFAULT_TEXT, Reply

REPLIES: dict[str, Reply] = {
    "empty_content": Reply(text=""),
    "null_content": Reply(text=None),
    "no_choices": Reply(choices=False),
    "only_whitespace": Reply(text=" \n\n  \t \n"),
    "content_filter": Reply(finish_reason="content_filter"),
    "refusal": Reply(text=None, refusal="I'm sorry, I can't help with that."),
    "tool_calls": Reply(text=None, finish_reason="tool_calls"),
    "length": Reply(finish_reason="length"),
    "no_done": Reply(done=False),
    "no_finish_reason": Reply(finish_reason=None),
    "error_object_first": Reply(error_at=0.0),
    "error_object_middle": Reply(error_at=0.5),
    "error_object_last": Reply(error_at=1.0),
    "usage_missing": Reply(usage=None),
    "usage_negative": Reply(usage={"prompt_tokens": -400, "completion_tokens": -3, "total_tokens": -403}),
    "usage_huge": Reply(usage={"prompt_tokens": 10**15, "completion_tokens": 10**15, "total_tokens": 2 * 10**15}),
    "usage_words": Reply(usage={"prompt_tokens": "many", "completion_tokens": None, "total_tokens": [1]}),
    "usage_not_an_object": Reply(usage="free"),
    "nul_in_text": Reply(text=DEFAULT_TEXT + " \x00 Merci.\x07"),
    "lone_surrogate": Reply(text=DEFAULT_TEXT + " \ud83d Merci."),
    "slow_first_token": Reply(delay_s=PATIENCE_S),
    "tokens_dripping": Reply(text=DEFAULT_TEXT * 20, token_delay_s=0.3),
}
