"""The nouns of the spine. A case is one JSON body in one row, so that a step is one write."""

from __future__ import annotations

from typing import Literal

import msgspec

from venire.jury.model import PanelRule

SubjectKind = Literal["post", "account"]
SourceKind = Literal["report", "detector", "bank", "juror", "notice", "moderator"]
CaseState = Literal["open", "judging", "decided", "closed"]
RoundKind = Literal["panel", "bench", "appeal"]
RoundState = Literal["drawing", "voting", "verdict", "hung", "expired"]
Verdict = Literal["violates", "keeps", "hung"]
Hold = Literal["none", "held", "lifted"]
StepType = Literal[
    "hold",
    "draw",
    "seat",
    "verdict",
    "measure",
    "lift",
    "keep",
    "dispute",
    "moderator_action",
    "appeal",
    "appeal_end",
    "look_again",
    "release",
    "answer",
    "chance",
    "close",
]


class Round(msgspec.Struct, frozen=True, omit_defaults=True):
    """One panel, bench or appeal. `excluded` and `cursor` are places in the frozen pool's order."""

    number: int
    kind: RoundKind
    state: RoundState
    opened_at_ms: int
    rule: str = "sequential"
    contested: bool = False
    epoch: int = 0
    batch: int = 0
    excluded: tuple[int, ...] = ()
    beacon_round: int = 0
    """The round of the beacon that orders it, fixed before it was known; 0 for none."""
    randomness: str = ""
    """What the pool is ordered by, in hex; empty until it is known."""
    fallback: str = ""
    """Why the operator's seed orders it though the beacon should have."""
    cursor: int = 0
    exhausted: bool = False
    verdict: Verdict | None = None
    posterior: float | None = None
    violates: int = 0
    keeps: int = 0
    recorded: bool = False
    logged: tuple[int, ...] = ()
    """Jurors whose decline or timeout is in the record already."""
    seats: int = 0
    """Of an appeal: how many are to vote."""
    small_pool: bool = False
    """Whether the bench has it because too few of a small site were left to draw from."""
    typical: tuple[float, float] | None = None
    """The pool's mean rates when it was drawn, from which the ballots to come are foreseen."""
    numbers: PanelRule | None = None
    """What it is judged by: the policy's when it was drawn, whatever the policy says since."""


class Appeal(msgspec.Struct, frozen=True, omit_defaults=True):
    """An appeal while it runs, and the decision as it was: the measure stands meanwhile.

    `decision` is the key of the step appealed against; `account_id` is who appealed first.
    """

    decision: str
    account_id: int
    party: Literal["author", "reporter"]
    filed_at_ms: int
    verdict: Verdict | None = None
    judged_by: str = ""
    inherits: str = ""
    waited_ms: int = 0
    """The clock of the case before: a hold's, where that is what the appeal is about."""
    final: bool = False
    """Whether it goes to the bench at once, and no other follows."""
    for_site: bool = False
    """Whether the site itself asked: it takes no appeal away from either side."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A transition on its way into the record: the intent, durable before the entry is.

    `entries` are what it appends, each under its idempotency key; the rest is what `rules.apply`
    needs to make the step again from this alone. A step that shows nobody anything has no entries.
    """

    type: StepType
    key: str
    at_ms: int
    entries: tuple[tuple[str, bytes], ...] = ()
    round: int = 0
    by: str = ""
    verdict: Verdict | None = None
    measure: str = ""
    actor_id: int | None = None
    reason: str = ""
    category: str = ""
    """What was found to be broken, where a step finds that."""
    due_at_ms: int = 0
    """By when a case that this step opens again should be decided."""
    untold: bool = False
    """Whether its author gets no statement of it."""
    jurors: tuple[tuple[int, int | None, float, float], ...] = ()
    """Whom it seats: account, place in the pool, hit rate, false alarm rate."""
    logged: tuple[int, ...] = ()
    cursor: int = 0
    exhausted: bool = False
    opens: Round | None = None
    randomness: str = ""
    fallback: str = ""
    """Of the step that makes the randomness of a draw known; `Round` says what they are."""
    appeal: Appeal | None = None
    outcome: str = ""
    """How it ends an appeal: `appeals.OUTCOMES`."""
    code: str = ""
    """Why an appeal ended without a verdict."""


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that decides what happens next with one subject.

    `hold_wanted` names who asked for a hold that has not been recorded yet. `inherits` is the
    public id of the case whose verdict an exact copy takes over. `waits_for` says what ends the
    present wait: ballots, bench, moderator, operator, nothing.
    """

    id: int
    public_id: str
    subject_kind: SubjectKind
    subject_id: int
    author_id: int
    opened_at_ms: int
    due_at_ms: int
    policy_version: str
    categories: tuple[str, ...]
    sources: tuple[SourceKind, ...]
    state: CaseState = "open"
    waits_for: str = ""
    report_count: int = 0
    contested: bool = False
    together: bool = False
    """Whether its reporters hang together (`brigades.py`); what was seen stays seen."""
    private: bool = False
    """A followers-only or direct post, read only because a recipient reported it: bench only."""
    hold: Hold = "none"
    hold_wanted: str = ""
    held_at_ms: int | None = None
    held_by: str = ""
    held: str = ""
    """Key of the step that held it last."""
    inherits: str = ""
    round: Round | None = None
    verdict: Verdict | None = None
    judged_by: str = ""
    measure: str = ""
    decided_at_ms: int | None = None
    measured_at_ms: int | None = None
    disputed: bool = False
    hung: bool = False
    """Whether some panel of it could not decide."""
    panel_ballots: int = 0
    """Ballots of the lot in decided rounds; the bench's are not among them."""
    found: str = ""
    """The category that a verdict found broken, which need not be the gravest one alleged."""
    struck: tuple[str, ...] = ()
    """Keys of the steps that cost the author points, for whoever undoes one."""
    untold: tuple[str, ...] = ()
    """Keys of the steps of which the author gets no statement."""
    limits: tuple[tuple[str, str], ...] = ()
    """What a moderator put on the account, in order: (limit, key of the step)."""
    appeal: Appeal | None = None
    report_weight: float = 0.0
    """What its reporters weigh together; only ever a reason to ask jurors sooner."""
    second_by_ms: int = 0
    """Until when reports alone wait for one more, where they weigh little."""
    cut_short: bool = False
    """Whether a removal by hand came before its judges had decided (`unheard.py`)."""
    appeals: int = 0
    """Decisions in a row that an appeal has overturned."""
    decision: str = ""
    """Key of the step that decided last: what an appeal is against."""
    asks: Literal["", "gold", "again", "doubted"] = ""
    """What a case is for that judges no subject of its own (`questions.py`)."""
    asks_ref: int = 0
    """The question, or the case that is judged again."""
    asks_about: str = ""
    """Which verdict is judged again: its day, and its place in the record."""
    cover_id: int = 0
    """Whose ties exclude members from the draw of a question, as an author's would."""
    clock_from_ms: int = 0
    """When the present clock was started; 0: when the case was opened."""
    alarms: int = 0
    """How far the present clock has been told of: `clocks.stage_at`."""
    acted: tuple[int, ...] = ()
    """Who acted on it by hand: they sit in no round of it."""
    look_again_ms: int = 0
    """When the clock looks at this case again, while there is nobody to ask."""
    steps: int = 0
    pending: Step | None = None
    version: int = 0

    @property
    def category(self) -> str:
        """What was found; until then the gravest category alleged, which decides who judges."""
        return self.found or self.categories[0]


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was said about a subject.

    `ref` makes it unique on its case, so that telling it twice changes nothing. `hold` asks for a
    hold at once; `body` is shown to whoever may see this source.
    """

    kind: SourceKind
    ref: str
    category: str
    at_ms: int
    hold: bool = False
    account_id: int | None = None
    score: float | None = None
    body: dict[str, object] = {}
    inherits: str = ""
    private: bool = False
    edited_at_ms: int | None = None
    """When the post was last changed, as far as who says this knows."""
    weight: float | None = None
    """Of a report: how often whoever filed it is right."""
    due_at_ms: int | None = None
    """The deadline that an outside body sets, where it is earlier than the policy's."""


class Subject(msgspec.Struct, frozen=True):
    """What a case is about, as the rooms below know it."""

    kind: SubjectKind
    id: int
    author_id: int


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """The statement of reasons sent to an author (DSA Art. 17), or what ended a hold.

    `reporting_warned`, `reporting_suspended`: to a reporter (Art. 23), of no case.
    """

    id: int
    kind: Literal[
        "hold",
        "measure",
        "lift",
        "overturned",
        "upheld",
        "reporting_warned",
        "reporting_suspended",
    ]
    case: str
    post_id: int | None
    category: str
    rule: int
    rule_title: dict[str, str]
    rule_text: dict[str, str]
    measure: str
    decided_by: str
    automated: bool
    sources: tuple[str, ...]
    words: tuple[str, ...]
    text: str
    at_ms: int
    points: int = 0
    points_expire_ms: int | None = None
    appeal_until_ms: int | None = None
    record_index: int | None = None
    decision: str = ""
    """Key of the step that it is about: what an appeal against it names."""
    standing_points: int = 0
    """All points of the account once this one was told; at `suspend_at` it is suspended."""
    suspend_at: int = 0
    suspended_until_ms: int | None = None
