"""The larger commands, all of them."""

from __future__ import annotations

from okichat.commands.answers import evaluate_command, parity_command
from okichat.commands.backup import backup_command, restore_command
from okichat.commands.check import check_command
from okichat.commands.digest import digest_command
from okichat.commands.figures import recount_command
from okichat.commands.gpt import gpt_command
from okichat.commands.knowledge import knowledge
from okichat.commands.money import estimate_command, usage_command
from okichat.commands.privacy import conversation, privacy_command

COMMANDS = (
    check_command,
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
