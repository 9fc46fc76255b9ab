# SPDX-License-Identifier: Apache-2.0
"""What becomes of a component that fails: it is started again after a pause that doubles, up to a number of failures within
a time. Who fails more often is quarantined, and the others never notice."""

from motet_core.errors import ToolError

_LONGEST_PAUSE_MS = 60000


class Supervision:
    """Of one component. `restarts` within `within_ms` are allowed; the first comes after `backoff_ms`. `clock`: ms."""

    def __init__(self, name, restarts, within_ms, backoff_ms, clock):
        self.failures = self.restarts = 0
        self.last_error = None
        self.quarantined = None
        self.due = 0
        self._name = name
        self._allowed = restarts
        self._within = within_ms
        self._backoff = backoff_ms
        self._clock = clock
        self._recent = []

    def failed(self, why):
        """It trapped, ran out of fuel, was not healthy or did not start. -> ms until it is started again, None for never."""
        now = self._clock()
        self.failures += 1
        self.last_error = why
        self._recent = [at for at in self._recent if now - at < self._within]
        self._recent.append(now)
        count = len(self._recent)
        if count > self._allowed:
            self.quarantined = "%d failures within %d s, the last: %s" % (count, self._within // 1000, why)
            return None
        pause = min(self._backoff << (count - 1), _LONGEST_PAUSE_MS)
        self.due = now + pause
        return pause

    def check(self):
        """ToolError unless it may be started now."""
        if self.quarantined is not None:
            raise ToolError("component %s is quarantined: %s" % (self._name, self.quarantined), "quarantined")
        wait = self.due - self._clock()
        if wait > 0:
            raise ToolError("component %s starts again in %d ms after: %s" % (self._name, wait, self.last_error), "restarting")

    def started(self):
        """It was started again."""
        self.restarts += 1

    def about(self):
        """For artifact.list and vitals."""
        about = {"failures": self.failures, "restarts": self.restarts}
        if self.quarantined is not None:
            about["quarantined"] = True
        if self.last_error is not None:
            about["last_error"] = self.last_error
        return about
