"""How a training fits the memory that is free."""

from dataclasses import replace

from hypothesis import given, strategies as st

from weaklabel.generator.memory import Load, Machine, machine_of, plan_memory

SMALL = Load(135_000_000, 2_400_000, 30, 576, 49_152, 128, 32)
LARGE = Load(7_000_000_000, 20_000_000, 32, 4096, 32_000, 1024, 16)
GIB = 2**30


def test_a_large_gpu_takes_the_whole_batch_in_bfloat16():
    plan = plan_memory(Machine("cuda", 80 * GIB, True), SMALL)
    assert (plan.bf16, plan.at_once, plan.accumulation, plan.checkpointing) == (True, 32, 1, False)


def test_frozen_weights_take_half_in_bfloat16():
    assert plan_memory(Machine("cuda", 24 * GIB, True), LARGE).fits
    assert not plan_memory(Machine("cuda", 24 * GIB, False), LARGE).fits
    assert not plan_memory(Machine("cuda", 80 * GIB, True), replace(LARGE, trained=LARGE.weights)).fits


def test_less_memory_takes_fewer_rows_at_once_then_computes_activations_again():
    plans = [plan_memory(Machine("cpu", round(gib * GIB), False), SMALL) for gib in (16, 1.2, 0.9, 0.2)]
    assert [plan.at_once for plan in plans] == sorted((plan.at_once for plan in plans), reverse=True)
    assert not plans[0].checkpointing and plans[2].checkpointing and not plans[3].fits
    assert not any(plan.bf16 for plan in plans)


@given(
    st.sampled_from(["cpu", "cuda", "mps"]),
    st.integers(0, 2**40),
    st.booleans(),
    st.integers(1, 512),
    st.integers(1, 4096),
)
def test_a_step_has_at_least_the_rows_of_a_batch(kind, free, has_bf16, batch_size, tokens):
    plan = plan_memory(Machine(kind, free, has_bf16), replace(SMALL, batch_size=batch_size, tokens=tokens))
    assert plan.at_once * plan.accumulation >= batch_size > (plan.accumulation - 1) * plan.at_once
    assert 1 <= plan.at_once <= batch_size


def test_this_machine_has_memory():
    import torch

    machine = machine_of(torch.device("cpu"))
    assert machine.kind == "cpu" and GIB // 16 < machine.free < 2**46
