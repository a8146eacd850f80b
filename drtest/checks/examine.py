"""One restore against the truth: what came of it, entered into the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import assert_never

from drtest.checks import probed, safe
from drtest.checks.case import Case
from drtest.checks.ledger import Ledger, Reach
from drtest.checks.result import notices, result
from drtest.checks.words import shown
from drtest.model.events import Call, DrillFinished, Restored
from drtest.model.finding import CATALOGUE, Severity
from drtest.model.names import SetId
from drtest.model.run import DrillResult
from drtest.model.tree import Difference, Entry
from drtest.oracle.diff import diff, matches, reroot

_LEFT_BEHIND = frozenset({"digest-differs", "type-differs", "link-target-differs", "extra-path"})
_GPG_FAILED, _EXCEPTION = 31, 30  # without a passphrase duplicity asks a terminal, and breaks
_TEMPORARY = "duplicity_temp."  # duplicity 3.2.1 path.py, get_temp_in_same_dir: no final path


def examine(case: Case, drill: DrillFinished, ledger: Ledger) -> DrillResult:
    """Judge one restore, enter its facts into *ledger* and return its line of the report."""
    seen = _Seen(case=case, drill=drill, ledger=ledger)
    match drill.must_be:
        case "done":
            seen.must_be_done()
        case "recovered":
            seen.must_be_recovered()
        case "refused":
            seen.must_be_refused()
        case "detected":
            seen.must_be_detected()
        case _ as never:
            assert_never(never)
    ledger.lost(drill, seen.losses)
    return result(case, drill, seen.codes, is_wrong=seen.is_wrong)


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was found out about one restore so far."""

    case: Case
    drill: DrillFinished
    ledger: Ledger
    codes: set[str] = field(default_factory=set)
    is_wrong: bool = False  # status 0 and not what was backed up
    losses: dict[str, list[str]] = field(default_factory=dict)

    # ------------------------------------------------------------ the three promises

    def must_be_done(self) -> None:
        for one in self.drill.restored:
            if not self._hung(one.call) and one.call.status != 0:
                self._say("restore-refused", call=one.call)
        self._probed()

    def must_be_recovered(self) -> None:
        for one in self.drill.restored:
            if not self._hung(one.call) and one.call.status != 0:
                self._refused(one.call)
        came = [one for one in self.drill.restored if one.call.status == 0]
        if not came:
            return
        missing = [one for one in came if self._is_nothing(one)]
        for one in missing:
            self.is_wrong = True
            self._say("nothing-restored", call=one.call, silent=True, path=shown(one.path))
        self._compare([one for one in came if one not in missing])
        self._probed()

    def must_be_refused(self) -> None:
        came = [one for one in self.drill.restored if one.call.status == 0]
        if came:
            self._say(
                "restore-not-refused",
                call=came[0].call,
                escrow=list(self.drill.escrow),
                paths=sum(one.paths for one in came),
            )
            if self.drill.truth is None:
                self.is_wrong = any(not self._is_empty(one) for one in came)
            else:
                self._compare([one for one in came if not self._is_empty(one)])
        for one in self.drill.restored:
            if not self._hung(one.call) and one.call.status != 0:
                self._look_left_behind(one)

    def must_be_detected(self) -> None:
        for one in self.drill.restored:
            if not self._hung(one.call) and not notices(one.call, self.drill.harmed):
                self._say(
                    "fault-unseen",
                    call=one.call,
                    action=one.call.action,
                    fault=list(self.drill.damage),
                    harmed=list(self.drill.harmed),
                )

    # ------------------------------------------------------------ their parts

    def _say(
        self, code: str, *, call: Call | None = None, silent: bool = False, **evidence: object
    ) -> None:
        self.codes.add(code)
        subject = call.action if code == "action-hung" and call is not None else ""
        self.ledger.of_drill(code, self.drill, evidence, call=call, silent=silent, subject=subject)

    def _probed(self) -> None:
        """What the application says; told beside what the comparison found, not instead of it."""
        for one in self.drill.restored:
            if one.probed is not None and (code := probed.CODES.get(one.probed.outcome)):
                tree = probed.tree(self.drill.must_be, self.codes, is_wrong=self.is_wrong)
                found = probed.evidence(one.probed, tree=tree)
                self.codes.add(code)
                self.ledger.of_drill(code, self.drill, found)

    def _hung(self, call: Call) -> bool:
        if call.timed_out:
            self._say("action-hung", call=call)
        return call.timed_out

    def _is_gone(self) -> bool:
        """Whether the promised point is gone, which is a finding of retention, told once."""
        return self.drill.point_at in self.case.gone_after(self.drill.after)

    def _gone(self, *, silent: bool) -> None:
        self.codes.add("restore-point-gone")
        self.ledger.gone.add(self.drill, silent=silent)

    def _maimed(self, call: Call | None = None) -> SetId | None:
        """The set that is there in part and so explains the drill; it is told of the set, once.

        duplicity reads every manifest, also of sets that the point does not need.
        """
        contents = self.case.contents
        if contents is None or self.drill.after or self.drill.damage:
            return None
        if self.drill.point_at in self.case.maimed_at:
            return self.case.maimed_at[self.drill.point_at]
        is_gpg = call is not None and call.status == _GPG_FAILED
        return next(iter(contents.unreadable), None) if is_gpg else None

    def _hurt(self, hurt: SetId, *, silent: bool) -> None:
        self.codes.add(self.case.maimed[hurt])
        self.ledger.maimed.setdefault(hurt, Reach()).add(self.drill, silent=silent)

    def _refused(self, call: Call) -> None:
        missing = safe.missing(self.case, self.drill)
        is_gpg = call.status == _GPG_FAILED or (
            call.status == _EXCEPTION and any(one.endswith("passphrase") for one in missing)
        )
        if self._is_gone():
            self._gone(silent=False)
        elif missing and is_gpg:
            self._say(
                "key-not-in-escrow", call=call, escrow=list(self.drill.escrow), missing=missing
            )
        elif (hurt := self._maimed(call)) is not None:
            self._hurt(hurt, silent=False)
        elif call.status == _GPG_FAILED and safe.is_mixed(self.case, self.drill):
            self.codes.add("passphrase-changed")  # a finding of the chain, told once
            self.ledger.mixed.add(self.drill, silent=False)
        else:
            self._say("restore-refused", call=call)

    def _compare(self, came: list[Restored]) -> None:
        """Compare what came back with status 0; a whole tree of another point is told as such.

        Content alone that differs is no other point but a change that duplicity could not see (it
        compares type, mode, owner and mtime; shared facts 2.c), even where all else stood still.
        """
        truth = self.drill.truth
        found = self._differences(came)
        begun: list[Difference] = []
        for one in found:
            begun.append(one)
            if one.code != "digest-differs":
                break
        if not begun and (truth is not None or not came):
            return
        self.is_wrong = True
        paths = sum(one.paths for one in came)
        is_more = truth is None or begun[-1].code != "digest-differs"
        number = self._another_point(came) if is_more else None
        if number is None and truth is not None:
            for one in chain(begun, found):
                self.codes.add(one.code)
                self.ledger.of_path(one.code, self.drill, one, silent=True)
        elif self._is_gone():
            self._gone(silent=True)
        elif (hurt := self._maimed()) is not None:
            self._hurt(hurt, silent=True)
        else:
            got_at = None if number is None else self.case.truths.get(number)
            self._say(
                "wrong-point-restored",
                call=came[0].call,
                silent=True,
                asked_at=self.drill.asked_at.isoformat(),
                got_at=None if got_at is None else got_at.isoformat(),
                paths=paths,
            )

    def _differences(self, came: list[Restored]) -> Iterator[Difference]:
        """Yield what is wrong; known losses and doubts about the rules are entered on the way."""
        if self.drill.truth is None:
            return
        for restored in came:
            below = restored.path
            for path, errno in restored.unreadable:
                self.codes.add("truth-incomplete")
                whole = path if below == "." else below if path == "." else f"{below}/{path}"
                self.ledger.unread[whole] = errno
            for one in self._diff(restored):
                if one.code == "known-loss":
                    self.losses.setdefault(one.kind, []).append(shown(one.path))
                elif CATALOGUE[one.code].severity is Severity.FAILURE:
                    yield one
                else:
                    self.codes.add(one.code)
                    self.ledger.of_path(one.code, self.drill, one, silent=False)

    def _diff(self, restored: Restored) -> Iterator[Difference]:
        assert self.drill.truth is not None
        return diff(
            self.case.history.trees.truth(self.drill.truth),
            self._tree(restored),
            below=restored.path,
            as_root=self._is_root,
            flux=self.case.fluxes.get(self.drill.truth),
            rules=self.case.scenario.has_rules,
        )

    @property
    def _is_root(self) -> bool:
        """Whether the restore ran as root, and so could give files to their owners."""
        return self.case.is_root if self.drill.is_root is None else self.drill.is_root

    def _tree(self, restored: Restored) -> Iterator[Entry]:
        return self.case.history.trees.restored(restored.tree) if restored.tree else iter(())

    def _is_empty(self, restored: Restored) -> bool:
        """Whether the target holds nothing: duplicity makes the folder before it looks further."""
        return all(one.path == "." and one.type == "dir" for one in self._tree(restored))

    def _is_nothing(self, restored: Restored) -> bool:
        """Whether nothing came back though something was there."""
        if not self._is_empty(restored):
            return False
        if self.drill.truth is None:
            return True
        wanted = reroot(self.case.history.trees.truth(self.drill.truth), restored.path)
        return any(
            one.selected and one.type != "socket" and not (one.path == "." and one.type == "dir")
            for one in wanted
        )

    def _another_point(self, came: list[Restored]) -> int | None:
        """Return the truth that all of *came* equals, if any: older ones first, newest of them."""
        wanted = self.drill.truth
        numbers = sorted(self.case.truths)
        older = [one for one in reversed(numbers) if wanted is not None and one < wanted]
        newer = [one for one in numbers if wanted is None or one > wanted]
        for number in chain(older, newer):
            if all(
                matches(
                    self.case.history.trees.truth(number),
                    self._tree(one),
                    as_root=self._is_root,
                    below=one.path,
                )
                for one in came
            ):
                return number
        return None

    def _look_left_behind(self, restored: Restored) -> None:
        """Files of a refused restore must be right or absent."""
        found = (
            self._diff(restored)
            if self.drill.truth is not None
            else (
                Difference(code="extra-path", path=one.path, want=None, got=one)
                for one in self._tree(restored)
            )
        )
        for one in found:
            is_folder = one.got is None or one.got.type == "dir"
            is_temporary = one.path.rpartition("/")[2].startswith(_TEMPORARY)
            if one.code in _LEFT_BEHIND and not is_folder and not is_temporary:
                self.codes.add("wrong-data-left-behind")
                self.ledger.of_path("wrong-data-left-behind", self.drill, one, silent=False)
