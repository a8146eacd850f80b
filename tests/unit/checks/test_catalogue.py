"""For each code of the catalogue a history that gives exactly it, and sound ones that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.bills import bill, paid
from support.buckets import later, look, recorded, three_sets
from support.faults import LOST, harmed, killed_at_night, looked
from support.histories import (
    Story,
    Tree,
    call,
    day,
    file,
    folder,
    nightly,
    objects_of,
    probed,
    tree,
    warning,
)
from support.locked import FIRST, SECOND, SIGNED, made, two_nights

from drtest.checks import judge
from drtest.model.bill import PredictedStep, Prediction
from drtest.model.events import (
    DamageDone,
    Event,
    FaultSeen,
    ListingRecorded,
    OpenUpload,
    RequestsPredicted,
    RolledBack,
    SourceChanged,
    ToxicSeen,
)
from drtest.model.finding import CATALOGUE, Severity
from drtest.model.history import History
from drtest.model.money import Budget, Money, OfBaseline
from drtest.model.names import SetId
from drtest.model.rule import Rule
from drtest.model.run import Judgement
from drtest.model.scenario import (
    Change,
    Expectation,
    ExpectedFinding,
    FileSet,
    NewKey,
    Objectives,
    Policy,
    Protect,
    Revoke,
    RollBack,
    Size,
)
from drtest.model.traffic import Totals
from drtest.model.tree import Entry
from drtest.model.verdict import Disposition, Verdict

# Codes that take several histories: test_stores.py has a defect and a sound case for each.
OF_SEVERAL_STORES = frozenset({"stores-disagree", "store-counts-differ"})
# Codes that no history can give yet; whoever adds such a check moves it to DEFECTS.
OWNED_BY_LATER_WORK: frozenset[str] = frozenset()

Tell = Callable[[], Story]
DEFECTS: dict[str, Tell] = {}
SOUND: dict[str, Tell] = {}


def defect(code: str) -> Callable[[Tell], Tell]:
    """The story gives exactly one finding, and it has this code."""

    def keep(tell: Tell) -> Tell:
        DEFECTS[code] = tell
        return tell

    return keep


def sound(*codes: str) -> Callable[[Tell], Tell]:
    """The story does what a careless check of these codes would take for the defect."""

    def keep(tell: Tell) -> Tell:
        SOUND.update(dict.fromkeys(codes, tell))
        return tell

    return keep


def three_nights(**more: object) -> Story:
    story = Story(**more)  # type: ignore[arg-type]
    for number in (1, 2, 3):
        story.backup(number)
    return story


def well() -> Story:
    """Three nights, each restored right."""
    story = three_nights()
    for number in (1, 2, 3):
        story.drill(number)
    return story


def with_file(**more: object) -> Story:
    """The last night's motd came back in another way."""
    story = three_nights()
    got = tuple(
        one._replace(**more) if one.path == "etc/motd" else one  # type: ignore[arg-type]
        for one in nightly(3)
    )
    story.drill(3, got=got)
    return story


# ---------------------------------------------------------------- restored


@defect("restore-refused")
def _() -> Story:
    story = three_nights()
    story.drill(1)
    story.drill(3, done=call("restore", status=21, name="mismatched_hash"))
    return story


@defect("probe-failed")
def _() -> Story:
    story = three_nights()
    story.drill(2, probed=probed())
    story.drill(3, probed=probed(-11, tail=("opening", "page 7 is malformed", "")))
    return story


@defect("probe-not-started")
def _() -> Story:
    story = three_nights()
    story.drill(2, probed=probed(127, tail=("sh: 1: psql: not found",)))
    story.drill(3, probed=probed(None, problem="psql lies in no folder of /bin"))
    return story


@defect("probe-hung")
def _() -> Story:
    story = three_nights()
    story.drill(3, probed=probed(-9, timed_out=True))
    return story


@sound("probe-failed", "probe-not-started", "probe-hung")
def _() -> Story:
    """It took its time and talked of failures, and ended with 0."""
    story = three_nights()
    story.drill(3, probed=probed(elapsed_s=59.9, tail=("0 failed",)))
    story.drill(3, number=2, must_be="done", probed=probed(is_isolated=False))
    return story


@sound("restore-refused", "restore-not-refused", "wrong-data-left-behind", "key-not-in-escrow")
def _() -> Story:
    """A refusal that must be one; what it left is right, half a tree, or a temporary file."""
    story = three_nights()
    story.drill(3)
    story.drill(
        3,
        number=2,
        must_be="refused",
        escrow=(),
        done=call("restore", status=31, name="gpg_failed"),
        got=tree(
            folder("etc", mode=0o700), file("etc/hosts", "localhost"), file("duplicity_temp.1")
        ),
    )
    return story


@defect("nothing-restored")
def _() -> Story:
    story = three_nights()
    story.drill(3, got=(folder("."),))
    return story


@sound("nothing-restored")
def _() -> Story:
    """An empty source came back empty."""
    story = Story()
    story.backup(1, source=tree())
    story.drill(1)
    return story


@defect("restore-not-refused")
def _() -> Story:
    story = three_nights()
    story.drill(3, must_be="refused", escrow=())
    return story


@defect("missing-path")
def _() -> Story:
    story = three_nights()
    story.drill(3, got=tuple(one for one in nightly(3) if one.path != "etc/motd"))
    return story


@defect("extra-path")
def _() -> Story:
    story = three_nights()
    story.drill(3, got=tree(*nightly(3)[1:], file("etc/deleted")))
    return story


@defect("digest-differs")
def _() -> Story:
    return with_file(digest="digest-of-rubbish")


@defect("type-differs")
def _() -> Story:
    return with_file(type="symlink", size_bytes=0, digest="", target="hosts")


@defect("mode-differs")
def _() -> Story:
    return with_file(mode=0o600)


@defect("owner-differs")
def _() -> Story:
    return with_file(uid=1000)


@defect("mtime-differs")
def _() -> Story:
    return with_file(mtime_ns=0)


def with_odd(got: Entry, want: Entry) -> Story:
    story = Story()
    story.backup(1, source=tree(want))
    story.drill(1, got=tree(got))
    return story


LINK = Entry(path="link", type="symlink", mode=0o777, uid=0, gid=0, mtime_ns=0, target="a")
DEVICE = Entry(path="tape", type="char", mode=0o600, uid=0, gid=0, mtime_ns=0, device=(9, 0))


@defect("link-target-differs")
def _() -> Story:
    return with_odd(LINK._replace(target="b"), LINK)


@defect("device-differs")
def _() -> Story:
    return with_odd(DEVICE._replace(device=(9, 1)), DEVICE)


@defect("wrong-point-restored")
def _() -> Story:
    story = three_nights()
    story.drill(3, got=nightly(2))
    return story


@defect("wrong-data-left-behind")
def _() -> Story:
    story = three_nights()
    story.drill(
        3,
        must_be="refused",
        escrow=(),
        done=call("restore", status=31, name="gpg_failed"),
        got=tree(folder("etc"), file("etc/motd", "da")),
    )
    return story


@defect("known-loss")
def _() -> Story:
    story = Story()
    story.backup(1, source=tree(file("a", mtime_ns=1_700_000_000 * 10**9 + 5)))
    story.drill(1, got=tree(file("a")))
    return story


# ---------------------------------------------------------------- the backup itself


@defect("backup-failed")
def _() -> Story:
    story = three_nights()
    story.drill(3)
    for number in (4, 5):
        story.backup(number, done=call(status=50, name="backend_error"))
    return story


@sound("backup-failed", "backup-not-refused", "nothing-backed-up")
def _() -> Story:
    """A backup that must be refused, and was."""
    story = three_nights()
    story.drill(3)
    story.backup(4, must_be="refused", done=call(status=31, name="gpg_failed"))
    return story


@defect("backup-not-refused")
def _() -> Story:
    story = three_nights()
    story.drill(3)
    story.backup(4, must_be="refused")
    return story


@defect("action-hung")
def _() -> Story:
    story = three_nights()
    story.drill(3)
    story.backup(4, done=call(status=-9, name="SIGKILL", timed_out=True))
    return story


@defect("nothing-backed-up")
def _() -> Story:
    story = three_nights()
    story.drill(3)
    story.backup(4, makes=())
    return story


@defect("full-not-made")
def _() -> Story:
    story = three_nights(policy=Policy(full_if_older_than=timedelta(days=3)))
    story.backup(5)
    story.drill(5)
    return story


@sound("full-not-made")
def _() -> Story:
    """Exactly as old as the limit is not older."""
    story = three_nights(policy=Policy(full_if_older_than=timedelta(days=3)))
    story.backup(4)
    story.backup(5, full=True)
    story.drill(5)
    return story


@defect("unread-source")
def _() -> Story:
    story = three_nights()
    story.backup(4, done=call(stanzas=(warning(10, "Error accessing", "/w/source/etc/shadow"),)))
    story.drill(4)
    return story


@sound("unread-source", "truth-incomplete")
def _() -> Story:
    """Unreadable and excluded on purpose: neither promised nor selected."""
    story = Story(objectives=replace(Story().objectives, protect=(Protect(path="/etc"),)))
    secret = file("secret", digest="", error="EACCES", selected=False, protected=False)
    story.backup(1, source=tree(*nightly(1)[1:], secret), unreadable=[("secret", "EACCES")])
    story.drill(1)
    return story


RULES = (
    Rule(action="include", pattern="/var/ww", line=21),
    Rule(action="include", pattern="/etc", line=22),
    Rule(action="exclude", pattern="**", line=23),
)


def ruled(*rules: Rule, protect: str = "/etc", **more: object) -> Story:
    objectives = replace(Story().objectives, protect=(Protect(path=protect, line=31),))
    story = Story(policy=Policy(select=rules), objectives=objectives)
    source = tree(
        folder("etc"),
        file("etc/hosts"),
        folder("var", selected=False, protected=False),
        folder("var/www", selected=False, protected=protect == "/var/www"),
    )
    if protect != "/etc":
        source = tuple(
            one._replace(protected=False) if one.path.startswith("etc") else one for one in source
        )
    story.backup(1, source=source, **more)  # type: ignore[arg-type]
    story.drill(1)
    return story


@defect("protected-not-selected")
def _() -> Story:
    return ruled(*RULES[1:], protect="/var/www", rules=((2, 4), (2, 2)))


@sound("protected-not-selected", "include-matches-nothing", "rule-never-acts", "missing-path")
def _() -> Story:
    """What is not promised may be left out, and an exclude may match nothing."""
    return ruled(
        *RULES[1:2],
        Rule(action="exclude", pattern="/nothing", line=24),
        *RULES[2:],
        rules=((2, 0, 4), (2, 0, 2)),
    )


@defect("include-matches-nothing")
def _() -> Story:
    return ruled(*RULES, rules=((0, 2, 4), (0, 2, 2)))


@defect("rule-never-acts")
def _() -> Story:
    return ruled(
        RULES[1],
        Rule(action="exclude", pattern="/etc/ssl", line=24),
        RULES[2],
        rules=((2, 1, 4), (2, 0, 2)),
    )


def written_to(got: str) -> Story:
    """The third night's motd changed while it was read, and came back as *got*."""
    story = three_nights()
    after = len(story.trees.truths)
    story.trees.truths[after] = changed = replaced_motd(nightly(3), "later")
    story.events.append(
        SourceChanged(
            index=story.steps[-1].index,
            at=day(3),
            changed={"edit": 1},
            before=after - 1,
            after=after,
        )
    )
    story.drill(
        3, got={"before": nightly(3), "after": changed}.get(got, replaced_motd(changed, got))
    )
    return story


def replaced_motd(whole: Tree, content: str) -> Tree:
    new = file("etc/motd", content, mtime_ns=int(day(3).timestamp() + 1) * 10**9)
    return tuple(new if one.path == "etc/motd" else one for one in whole)


@defect("changed-while-read")
def _() -> Story:
    return written_to("half of one, half of the other")


@sound("changed-while-read")
def _() -> Story:
    return written_to("before")


@defect("duplicity-warned")
def _() -> Story:
    story = three_nights()
    story.backup(4, done=call(stanzas=(warning(2, "found orphaned signatures"),)))
    story.drill(4, done=call("restore", stanzas=(warning(2, "found orphaned signatures"),)))
    return story


@sound("duplicity-warned", "warnings-not-allowed")
def _() -> Story:
    """What duplicity says on every healthy chain is no warning to a reader."""
    objectives = replace(Story().objectives, warnings_allowed=False)
    story = three_nights(objectives=objectives, policy=Policy(remove_older_than=timedelta(days=30)))
    text = (
        "Current active backup chain is older than specified time.  However, it will not be "
        "deleted.  To remove all your backups, manually purge the repository."
    )
    story.prune(3, done=call("remove-older-than", stanzas=(warning(1, text),)))
    story.drill(3)
    return story


# ---------------------------------------------------------------- retention


def two_chains(keep: float, **more: object) -> tuple[Story, list[object]]:
    objectives = replace(Story().objectives, keep=timedelta(days=keep))
    story = Story(objectives=objectives, **more)  # type: ignore[arg-type]
    sets: list[object] = [story.backup(number) for number in (1, 2)]
    sets += [story.backup(3, action="full"), story.backup(4)]
    return story, sets


WEEK = Policy(remove_older_than=timedelta(days=1))


@defect("restore-point-gone")
def _() -> Story:
    """Promised for two days, and the chain that it needs lost a manifest."""
    story, sets = two_chains(1.0)
    story.drill(4)
    story.prune(4, keys=objects_of(sets[2])[2:])  # type: ignore[arg-type]
    story.drill(3, number=2, done=call("restore", status=30, name="exception"))
    return story


@sound("restore-point-gone", "restore-point-kept", "prune-did-nothing", "promise-disagrees")
def _() -> Story:
    """Retention took what nobody promised, when it was due."""
    story, sets = two_chains(1.0, policy=WEEK)
    story.objectives = replace(story.objectives, gone_after=timedelta(days=1))
    story.prune(4, *sets[:2])  # type: ignore[arg-type]
    story.drill(4)
    return story


@defect("restore-point-kept")
def _() -> Story:
    story, _ = two_chains(1.0)
    story.objectives = replace(story.objectives, gone_after=timedelta(days=2))
    story.drill(4)
    return story


@defect("prune-did-nothing")
def _() -> Story:
    story, _ = two_chains(1.0, policy=WEEK)
    story.prune(4, force=False)
    story.drill(4)
    return story


REFUSED = "Attempt of _do_delete Nr. 1 failed. AccessDenied: An error occurred (AccessDenied)"


def refused_prune(keys: tuple[str, ...] = ()) -> Story:
    """A prune with status 0 whose deletions were refused, but for those of *keys*."""
    story, _ = two_chains(1.0, policy=WEEK)
    warnings = (warning(1, REFUSED), warning(1, REFUSED))
    story.prune(4, keys=keys, done=call("remove-older-than", stanzas=warnings))
    story.drill(4)
    return story


@defect("prune-incomplete")
def _() -> Story:
    return refused_prune()


@sound("prune-incomplete")
def _() -> Story:
    """A deletion that went through at the second try has left nothing."""
    story, sets = two_chains(1.0, policy=WEEK)
    again = call("remove-older-than", stanzas=(warning(1, REFUSED),))
    story.prune(4, *sets[:2], done=again)  # type: ignore[arg-type]
    story.drill(4)
    return story


def test_half_a_prune_is_incomplete_without_a_word_of_duplicitys() -> None:
    story, sets = two_chains(1.0, policy=WEEK)
    story.prune(4, keys=objects_of(sets[0])[1:])  # type: ignore[arg-type]
    story.drill(4)
    (found,) = [one for one in judge(story.history()).findings if one.code == "prune-incomplete"]
    assert found.evidence["refusals"] == 0
    assert len(found.evidence["keys"]) == 4  # type: ignore[arg-type]


@defect("prune-before-backup")
def _() -> Story:
    story = Story(policy=WEEK, objectives=replace(Story().objectives, keep=timedelta(days=1)))
    story.backup(1)
    story.prune(2)
    story.backup(2)
    story.drill(2)
    return story


@sound("prune-before-backup")
def _() -> Story:
    """Retention runs after each backup, and before none of the same night."""
    story = Story(policy=WEEK, objectives=replace(Story().objectives, keep=timedelta(days=1)))
    for number in (1, 2):
        story.backup(number)
        story.prune(number)
    story.drill(2)
    return story


@defect("clock-went-back")
def _() -> Story:
    """The third night's full is stamped before the second night."""
    story = three_nights()
    story.backup(4, action="full", makes=objects_of(SetId(at=day(2.5))))
    story.drill(4)
    return story


@sound("clock-went-back")
def _() -> Story:
    """A clock that is slow, and never before the newest set."""
    story = three_nights()
    story.backup(4, action="full", makes=objects_of(SetId(at=day(3.5))))
    story.drill(4)
    return story


@defect("promise-disagrees")
def _() -> Story:
    story, _ = two_chains(30.0, policy=WEEK)
    story.drill(4)
    return story


# ---------------------------------------------------------------- what a restore needs first


def frozen(storage_class: str) -> Story:
    """Two nights whose volumes lie in *storage_class*; the restore of the second is refused."""
    story = Story()
    for number in (1, 2):
        story.backup(number)
    story.events = [
        replace(
            event,
            added=tuple(
                replace(one, storage_class=storage_class) if "difftar" in one.key else one
                for one in event.added
            ),
        )
        if isinstance(event, ListingRecorded)
        else event
        for event in story.events
    ]
    story.drill(2, must_be="refused", done=call("restore", status=50), got=())
    return story


@defect("thaw-needed")
def _() -> Story:
    return frozen("GLACIER")


@sound("thaw-needed")
def _() -> Story:
    """Instant retrieval is read at once."""
    return frozen("GLACIER_IR")


def test_a_thaw_names_all_that_the_point_needs() -> None:
    (found,) = judge(frozen("DEEP_ARCHIVE").history()).findings
    assert found.evidence["objects"] == 2  # the full's volume and the incremental's
    assert found.evidence["size_bytes"] == 2000
    assert "Bulk within 48 hours" in found.message


@defect("rolled-back")
def _() -> Story:
    story = three_nights()
    keys = ("a.manifest", "a.difftar")
    story.step(
        day(4), RollBack(), lambda index: RolledBack(index=index, at=day(4), keys=keys, lost=())
    )
    story.drill(3)
    return story


# ---------------------------------------------------------------- keys


@defect("key-not-in-escrow")
def _() -> Story:
    story = three_nights(policy=Policy(encryption="key", encrypt_key=NewKey(algorithm="rsa2048")))
    story.drill(3, escrow=("secret key",), done=call("restore", status=31, name="gpg_failed"))
    return story


REFUSED_BY_GPG = call("restore", status=31, name="gpg_failed")


@defect("passphrase-changed")
def _() -> Story:
    """It is told once, and not of the drill that could not come back."""
    story = two_nights(Change(what="passphrase"), passphrases=(1, 2))
    story.drill(2, done=REFUSED_BY_GPG)
    return story


@sound("passphrase-changed")
def _() -> Story:
    """A full begins a chain of its own, and the safe holds both passphrases."""
    story = two_nights(Change(what="passphrase"), full=True, passphrases=(1, 2))
    for number, item in ((1, "old passphrase"), (2, "new passphrase")):
        story.drill(number, number=number, escrow=(item,))
    return story


@defect("signed-by-another-key")
def _() -> Story:
    story = two_nights(
        Revoke(what="sign-key"), policy=SIGNED, keys=(made(),), signers=(FIRST, SECOND)
    )
    story.drill(2)
    return story


@sound("signed-by-another-key")
def _() -> Story:
    """The job itself names another key from the second night on."""
    story = two_nights(
        Change(what="sign-key"),
        policy=SIGNED,
        keys=(made(), made(2, SECOND, from_step=2)),
        signers=(FIRST, SECOND),
    )
    story.drill(2)
    return story


@defect("key-expires")
def _() -> Story:
    story = two_nights(policy=SIGNED, keys=(made(expires_at=day(32)),))
    story.drill(2)
    return story


@sound("key-expires")
def _() -> Story:
    """What expires in time is not used any more, what is used expires just after the kept time."""
    story = two_nights(
        Change(what="encrypt-key"),
        policy=SIGNED,
        keys=(made(expires_at=day(2)), made(2, SECOND, from_step=2, expires_at=day(32.1))),
    )
    story.drill(2)
    return story


# ---------------------------------------------------------------- objectives


@defect("rpo-exceeded")
def _() -> Story:
    story = three_nights()
    story.backup(6.5)
    story.drill(3)
    return story


@sound("rpo-exceeded")
def _() -> Story:
    """Exactly as old as the RPO is not older."""
    story = three_nights()
    story.backup(6)
    story.drill(6)
    return story


@defect("rto-exceeded")
def _() -> Story:
    story = three_nights()
    story.drill(3, done=call("restore", elapsed_s=3600.5))
    return story


@defect("rto-projected")
def _() -> Story:
    story = three_nights(objectives=replace(Story().objectives, real_size=False))
    story.drill(3)
    return story


def metered(requests: int, *, drilled: int = 0) -> Story:
    story = three_nights(objectives=replace(Story().objectives, requests_per_month=1000))
    story.drill(3)
    story.requests = Totals(
        total=requests + drilled,
        by_phase={"backup": {"PutObject": requests - 9, "GetObject": 9}, "drill": {"G": drilled}},
    )
    return story


@defect("requests-exceeded")
def _() -> Story:
    return metered(101)  # three nights: 1,010 in thirty


@sound("requests-exceeded")
def _() -> Story:
    return metered(100, drilled=5000)


def priced(age_days: int, *, limit_days: int | None = None) -> Story:
    """Nights that were priced with figures confirmed so many days before the run."""
    story = well()
    as_of = day(1).date() - timedelta(days=age_days)
    story.bills = (bill(as_of=as_of),)
    story.max_price_age_days = limit_days
    return story


@defect("prices-old")
def _() -> Story:
    return priced(366)


@sound("prices-old")
def _() -> Story:
    return priced(365)


@defect("prices-too-old")
def _() -> Story:
    return priced(400, limit_days=399)


@sound("prices-too-old")
def _() -> Story:
    return priced(400, limit_days=400)


def budgeted(bills: int = 1, **budgets: Budget) -> Story:
    """Nights whose month costs 27 USD, and a full restore 10.305."""
    story = well()
    story.objectives = replace(story.objectives, **budgets)  # type: ignore[arg-type]
    story.bills = (bill(as_of=day(1).date()),) * bills
    return story


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


@defect("cost-exceeded")
def _() -> Story:
    return budgeted(cost_per_month=usd("26.99"))


@defect("restore-cost-exceeded")
def _() -> Story:
    return budgeted(restore_cost=usd("10.30"))


@sound("cost-exceeded", "restore-cost-exceeded", "cost-not-judged")
def _() -> Story:
    """As much as the budget is not more; and a share of what was paid before."""
    story = budgeted(cost_per_month=usd("27"), restore_cost=OfBaseline(percent=Decimal(100)))
    story.baseline = paid(*story.bills)
    return story


@defect("cost-not-judged")
def _() -> Story:
    return budgeted(bills=0, cost_per_month=usd("1000"))


@defect("no-objective")
def _() -> Story:
    story = three_nights(objectives=Objectives())
    story.drill(3)
    return story


@defect("warnings-not-allowed")
def _() -> Story:
    story = DEFECTS["duplicity-warned"]()
    story.objectives = replace(story.objectives, warnings_allowed=False)
    return story


# ---------------------------------------------------------------- cost and requests


def foreseen(puts: int, *, why: str = "", failed: int = 0, estimated_puts: int = 1000) -> Story:
    """Two phases metered as 3 and 1,000 requests, and what was predicted of them."""
    story = well()
    steps = (
        PredictedStep(
            step="1",
            phase="full",
            operations={"PutObject": puts},
            uploaded_bytes=0,
            downloaded_bytes=0,
            why_estimate=why,
        ),
        PredictedStep(
            step="2",
            phase="incremental",
            operations={"PutObject": estimated_puts},
            uploaded_bytes=0,
            downloaded_bytes=0,
            why_estimate="sizes near a limit",
        ),
    )
    prediction = Prediction(duplicity="3.2.1", steps=steps)
    story.events.insert(0, RequestsPredicted(prediction=prediction))
    by_phase = {"full": {"PutObject": 3}, "incremental": {"PutObject": 1000}}
    story.requests = Totals(total=1003, by_phase=by_phase, failed=failed)
    return story


@defect("request-model-off")
def _() -> Story:
    """The model called itself exact."""
    return foreseen(4)


@sound("request-model-off")
def _() -> Story:
    """A small estimate may be off by any factor, a large one by two in a hundred."""
    return foreseen(9, why="sizes near a limit", estimated_puts=1020)


def test_a_large_estimate_is_held_to_the_tolerance() -> None:
    (warning,) = judge(foreseen(3, estimated_puts=1021).history()).findings
    assert (warning.code, warning.subject) == ("request-model-off", "incremental")
    assert "1,021 PutObject were predicted and 1,000 metered" in warning.message


def refused() -> Story:
    story = foreseen(4)
    story.drill(
        3, number=2, must_be="refused", escrow=(), done=call("restore", status=31), got=tree()
    )
    return story


def told_of(event: Event) -> Story:
    story = foreseen(4)
    story.events.append(event)
    return story


HARMED = DamageDone(index=1, at=day(1), damage="delete", target="volume 1", keys=("k",))
HELD = ToxicSeen(
    index=1, at=day(1), action="backup", toxic="kill", when="x", matching=1, fired=1, keys=("k",)
)


@pytest.mark.parametrize(
    "tell",
    [lambda: foreseen(4, failed=1), refused, lambda: told_of(HARMED), lambda: told_of(HELD)],
    ids=["a request failed", "a call failed", "damage", "a toxic"],
)
def test_a_disturbed_run_says_nothing_of_the_request_model(tell: Tell) -> None:
    assert "request-model-off" not in codes(tell().history())


# ---------------------------------------------------------------- could not verify


@defect("nothing-checked")
def _() -> Story:
    return three_nights()


@defect("selection-disagrees")
def _() -> Story:
    story = ruled(*RULES[1:], rules=((2, 4), (2, 2)))
    story.drill(1, got=story.trees.truths[0])
    return story


@sound("selection-disagrees")
def _() -> Story:
    return ruled(*RULES[1:], rules=((2, 4), (2, 2)))


@defect("truth-incomplete")
def _() -> Story:
    story = Story()
    broken = file("broken", digest="", error="EIO")
    story.backup(1, source=tree(broken), unreadable=[("broken", "EIO")])
    story.drill(1, got=tree(file("broken")))
    return story


@defect("interrupted")
def _() -> Story:
    story = well()
    story.is_complete = False
    return story


@defect("drtest-broke")
def _() -> Story:
    """A side file that is not there says nothing of the backup."""
    story = well()
    del story.trees.targets["1.2"]
    return story


@defect("expectation-stale")
def _() -> Story:
    story = well()
    wanted = ExpectedFinding(code="backup-failed")
    story.more["expect"] = (
        Expectation(verdict=Verdict.FAIL, findings=(wanted,), because="boto3", line=3),
    )
    return story


@sound("expectation-stale")
def _() -> Story:
    """An expectation for another version does not apply."""
    story = well()
    wanted = ExpectedFinding(code="backup-failed")
    story.more["expect"] = (
        Expectation(verdict=Verdict.FAIL, findings=(wanted,), because="old", duplicity="< 3"),
    )
    return story


def faulty(code: str) -> Tell:
    def tell() -> Story:
        story = well()
        story.events.append(FaultSeen(code=code, message="It was not there.", subject="it"))
        return story

    return tell


# What the runner sees happen and checks pass on.
for _code in (
    "price-missing",
    "tool-missing",
    "store-failed",
    "gateway-failed",
    "environment-unfit",
    "capability-missing",
    "out-of-space",
    "time-limit-reached",
):
    DEFECTS[_code] = faulty(_code)


# ---------------------------------------------------------------- chain


@defect("volume-missing")
def _() -> Story:
    story, sets = three_sets()
    look(story, recorded(*objects_of(sets[1]), index=2, number=2, volumes=2))
    return story


@defect("volume-hash-differs")
def _() -> Story:
    story, sets = three_sets()
    keys = objects_of(sets[0])
    look(story, recorded(*keys, index=1, number=1, spoiled=frozenset(keys[:1])))
    return story


@defect("manifest-missing")
def _() -> Story:
    story, sets = three_sets()
    keys = objects_of(sets[2])
    look(story, recorded(*keys, index=3, number=3, unreadable=frozenset(keys)))
    return story


@defect("signatures-missing")
def _() -> Story:
    story, sets = three_sets()
    later(story, went=objects_of(sets[2])[1:2])
    return story


@defect("orphaned-object")
def _() -> Story:
    """Something else, and a volume that no manifest names."""
    story, sets = three_sets()
    later(story, came=("notes.txt", objects_of(sets[0])[0].replace("vol1", "vol7")))
    return story


@defect("upload-left-open")
def _() -> Story:
    story, _ = three_sets()
    left = OpenUpload(key="x.vol1.difftar.gpg", upload_id="u", size_bytes=5_000_000)
    later(story, record=recorded(index=4, number=4, uploads=(left,)))
    return story


@defect("plain-text-in-chain")
def _() -> Story:
    """The name says gpg, and what lies there can be read."""
    story, sets = three_sets()
    keys = objects_of(sets[1])
    look(story, recorded(*keys, index=2, number=2, plain=frozenset(keys)))
    return story


@defect("chain-broken")
def _() -> Story:
    story, _ = three_sets()
    lost = SetId(at=day(2.6), base_at=day(2.5))
    later(story, came=objects_of(lost))
    return story


@sound(
    "volume-missing",
    "volume-hash-differs",
    "manifest-missing",
    "signatures-missing",
    "orphaned-object",
    "upload-left-open",
    "plain-text-in-chain",
    "chain-broken",
)
def _() -> Story:
    """Whole sets; what was amiss in between was mended by the end."""
    story, sets = three_sets()
    keys = objects_of(sets[0])
    left = OpenUpload(key="x", upload_id="u", size_bytes=1)
    spoiled = recorded(
        *keys, index=1, number=1, volumes=2, spoiled=frozenset(keys), uploads=(left,)
    )
    look(story, spoiled)
    later(story, came=keys)
    return story


# ---------------------------------------------------------------- faults


@defect("fault-unseen")
def _() -> Story:
    return looked(call("collection-status"))


@sound("fault-unseen")
def _() -> Story:
    """Noticed: by a status, by a warning that names what was harmed, and nothing to notice."""
    story = looked(
        call("verify", status=21, name="mismatched_hash"),
        call("cleanup", stanzas=(warning(1, f"no {LOST} in sight"),)),
    )
    story.drill(3, number=9, must_be="done", done=call("verify"), got=())
    return story


@defect("toxic-never-fired")
def _() -> Story:
    return killed_at_night(fired=0, matching=0, status=0)


@sound("toxic-never-fired", "backup-failed", "nothing-backed-up")
def _() -> Story:
    return killed_at_night()


@defect("damage-found-nothing")
def _() -> Story:
    return harmed()


@sound("damage-found-nothing")
def _() -> Story:
    return harmed("duplicity-full.20260101T030000Z.vol9.difftar.gpg")


# ---------------------------------------------------------------- the tests


def codes(history: History) -> list[str]:
    return [one.code for one in judge(history).findings]


def test_sound_history_gives_nothing() -> None:
    judgement = judge(well().history())

    assert judgement.findings == ()
    assert judgement.verdict is Verdict.PASS
    assert judgement.as_expected
    assert [one.disposition for one in judgement.drills] == [Disposition.RECOVERED] * 3
    assert judgement.recovery_point_age_s == 0
    assert judgement.not_compared


def test_every_code_has_a_defect() -> None:
    assert set(CATALOGUE) - set(DEFECTS) == OWNED_BY_LATER_WORK | OF_SEVERAL_STORES


@pytest.mark.parametrize("code", sorted(DEFECTS))
def test_defect_gives_exactly_its_code(code: str) -> None:
    judgement = judge(DEFECTS[code]().history())

    assert [one.code for one in judgement.findings] == [code]
    found = judgement.findings[0]
    assert found.subject
    assert found.message.endswith(".")
    assert "\n" not in found.message
    assert judgement.verdict is CATALOGUE[code].severity.verdict


@pytest.mark.parametrize("code", sorted(SOUND))
def test_sound_neighbour_does_not(code: str) -> None:
    found = judge(SOUND[code]().history()).findings

    assert code not in {one.code for one in found}
    assert not [one for one in found if one.severity is Severity.FAILURE]


def plain(value: object) -> Iterator[object]:
    match value:
        case dict():
            assert all(isinstance(key, str) for key in value)
            for inner in value.values():
                yield from plain(inner)
        case list():
            for inner in value:
                yield from plain(inner)
        case _:
            yield value


@pytest.mark.parametrize("code", sorted(DEFECTS))
def test_evidence_is_plain_json(code: str) -> None:
    for finding in judge(DEFECTS[code]().history()).findings:
        for value in plain(finding.evidence):
            assert value is None or isinstance(value, str | int | float | bool)


def test_judging_again_gives_the_same() -> None:
    history = DEFECTS["digest-differs"]().history()

    first: Judgement = judge(history)

    assert judge(history) == first


def test_whole_source_is_promised_entry_by_entry() -> None:
    size = Size(shape="fixed", low_bytes=1, high_bytes=1)
    story = ruled(*RULES[1:], rules=((2, 4), (2, 2)))
    story.objectives = replace(story.objectives, protect=None)
    story.more["source"] = (
        FileSet(path="/etc", files=1, size=size),
        FileSet(path="/etc/ssl", files=1, size=size),
        FileSet(path="/var/www", files=1, size=size),
    )
    story.trees.truths[0] = tuple(one._replace(protected=True) for one in story.trees.truths[0])

    found = judge(story.history()).findings

    assert [(one.code, one.subject) for one in found] == [("protected-not-selected", "/var/www")]
    assert "exclude: ** (line 23)" in found[0].message
