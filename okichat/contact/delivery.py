"""Takes kept messages to the humans, in a thread of its own that no visitor waits for, until each has arrived."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from okichat.contact.channels import Channel, ChannelFailed
from okichat.contact.letter import LetterWriter
from okichat.contact.messages import KeptMessage, Messages
from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal

# How often to look for messages whose next try is due, or which another process kept and did not live to deliver.
_LOOK_EVERY_S = 30.0


class Delivery:
    """Delivers messages through the first channel that takes them. Safe in several processes at once.

    A message goes out at least once: when the database breaks between sending and noting it, it is sent again, under
    the same Message-ID."""

    def __init__(
        self, messages: Messages, channels: Sequence[Channel], letters: LetterWriter, journal: Journal
    ) -> None:
        self._messages = messages
        self._channels = tuple(channels)
        self._letters = letters
        self._journal = journal
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        # Set where no thread outlives a reply: told that there is something to deliver; deliver_due is called from elsewhere.
        self.in_place_of_thread: Callable[[], object] | None = None

    @property
    def has_channel(self) -> bool:
        """Whether there is a way out; without one messages wait on the dashboard."""
        return bool(self._channels)

    def start(self) -> None:
        """Deliver in the background from now on. Called in each process, after it forked; moot without a channel."""
        with self._starting:
            if not self._channels or self.in_place_of_thread or self._is_running():
                return
            # A child of fork has the parent's events, which may be locked for ever, and not its thread.
            self._due, self._stopping = threading.Event(), threading.Event()
            self._thread = threading.Thread(target=self._run, name="okichat-delivery", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Say that a message was kept. Returns at once; starts the thread if this process has none yet."""
        if self.in_place_of_thread:
            self.in_place_of_thread()
        self.start()
        self._due.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread after the message it is at. What is left is delivered after the next start."""
        self._stopping.set()
        self._due.set()
        if self._is_running() and self._thread is not None:
            self._thread.join(timeout_s)

    def deliver_due(self) -> int:
        """Try every message that is due, once; how many reached the humans. Raises StoreUnavailable."""
        delivered = 0
        while self._channels and not self._stopping.is_set() and (kept := self._messages.claim()):
            channel = self._send(kept)
            if channel:
                self._messages.delivered(kept.reference, channel)
                delivered += 1
        return delivered

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.deliver_due()
            except StoreUnavailable as error:
                self._journal.event("store_unavailable", room="delivery", cause=str(error))
            except Exception as error:  # a defect that one message meets must not end the delivery of the others
                self._journal.crash("delivery_crashed", error)
            self._due.wait(_LOOK_EVERY_S)
            self._due.clear()

    def _send(self, kept: KeptMessage) -> str | None:
        """The name of the channel that took the message; None when none did."""
        letter = self._letters.write(kept)
        for channel in self._channels:
            try:
                channel.send(letter)
            except ChannelFailed as failure:
                self._journal.event(
                    "message_not_delivered", channel=channel.name, cause=failure.reason, tries=kept.tries
                )
            else:
                return channel.name
        return None
