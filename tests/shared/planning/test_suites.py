"""Suites as plans: what they consist of, and what they share."""

import pytest

from shared.base.vocabulary import Basis
from shared.configs import FinetuneConfig, SupervisedConfig
from shared.configs.kinds import JOB_KINDS, RunKind
from shared.contract.suites import SuiteScale
from shared.planning.suite_plans import BUILDERS, plan_suite
from shared.planning.suite_texts import SUITES


@pytest.mark.parametrize("scale", list(SuiteScale))
@pytest.mark.parametrize("key", list(SUITES))
def test_every_slot_is_a_run_that_can_be_asked_for(key: str, scale: SuiteScale) -> None:
    plan = plan_suite(key, scale, "efigi", 2)
    before: set[str] = set()
    for slot in plan.slots:
        assert slot.encoder is None or slot.encoder in before, "an encoder stands before what works on it"
        JOB_KINDS[slot.kind].config.model_validate(slot.config | ({"encoder": "run"} if slot.encoder else {}))
        before.add(slot.key)
    names = [row.name for row in plan.rows]
    assert len(set(names)) == len(names)
    assert all(slot in before for row in plan.rows for slot in row.slots)
    assert all({claim.better, claim.worse} <= set(names) for claim in plan.claims)


def test_every_suite_is_described_and_built() -> None:
    assert list(SUITES) == list(BUILDERS)


def test_sizes_differ_in_size_alone() -> None:
    plan = plan_suite("R2", SuiteScale.LAPTOP, "efigi", 3)
    configs = {slot.key: slot.config for slot in plan.slots if slot.kind is RunKind.PRETRAIN}
    assert len(configs) == 9
    tiny, base = configs["tiny/pretrain/0"], configs["base/pretrain/0"]
    differing = {name for name in tiny if tiny[name] != base[name]}
    assert differing == {"embed_dim", "depth", "num_heads"}
    assert (base["decoder_embed_dim"], base["decoder_depth"]) == (64, 1)
    paper = plan_suite("R2", SuiteScale.PAPER, "g10", 1).slots[0].config
    assert (paper["decoder_embed_dim"], paper["decoder_depth"], paper["img_size"]) == (512, 8, 224)


def test_the_base_pretraining_is_the_same_run_in_every_suite_that_has_it() -> None:
    wanted = [
        {slot.key: slot.config for slot in plan_suite(key, SuiteScale.LAPTOP, "efigi", 1).slots}
        for key in ("R2", "R3", "R4", "R5", "R6", "F1", "F6", "F7")
    ]
    assert all(slots["base/pretrain/0"] == wanted[0]["base/pretrain/0"] for slots in wanted)


def test_a_twin_of_the_report_has_the_recipe_of_its_fine_tuning() -> None:
    slots = {slot.key: slot for slot in plan_suite("R6", SuiteScale.LAPTOP, "efigi", 1).slots}
    tuned = FinetuneConfig.model_validate(slots["twin/finetune/0"].config | {"encoder": "r"})
    twin = SupervisedConfig.model_validate(slots["twin/supervised/0"].config | {"encoder": "r"})
    shared = set(FinetuneConfig.model_fields) & set(SupervisedConfig.model_fields)
    assert {name for name in shared if getattr(tuned, name) != getattr(twin, name)} == set()
    assert tuned.layer_decay == twin.layer_decay == 1.0


def test_each_size_stands_beside_its_own_random_weights() -> None:
    rows = {row.name: row for row in plan_suite("R2", SuiteScale.LAPTOP, "sky", 3).rows}
    for size in ("tiny", "small", "base"):
        fresh = rows[f"{size}, linear, random init"]
        assert (fresh.slots, fresh.basis) == (rows[f"{size}, linear"].slots, Basis.RANDOM_INIT)
