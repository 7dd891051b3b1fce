"""The MAE paper's linear probe: a step of LARS by hand, what it learns, which weights it keeps."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from backend.ml.probing import lars_probe
from backend.ml.probing.heads import LabelledSet, fit_logistic
from backend.ml.probing.lars_probe import BASE_LRS, LarsProbe, fit_lars, set_rates
from backend.ml.probing.probe import balanced_accuracy


def silent(_epoch: int, _figure: float) -> None:
    """Nobody listens."""


def clouds(n: int, seed: int, shift: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Three classes along three of sixteen features, none of them of mean 0 or length 1."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    features = torch.randn(n, 16, generator=generator)
    features[torch.arange(n), labels] += shift
    return features * torch.logspace(-2, 2, 16) + 5, labels


def cloud_set(n: int = 600, shift: float = 1.5) -> LabelledSet:
    return LabelledSet(*clouds(n, 0, shift), *clouds(300, 1, shift), 3)


def found(data: LabelledSet, probabilities: np.ndarray) -> float:
    return balanced_accuracy(data.val_y.numpy(), probabilities.argmax(1))


def test_it_learns_what_logistic_regression_learns() -> None:
    data = cloud_set(n=1500)
    lars, logistic = (
        fit(data).predict(data.val_x) for fit in (lambda data: fit_lars(data, 0, silent), fit_logistic)
    )
    assert lars.sum(1) == pytest.approx(1)
    assert found(data, lars) > found(data, logistic) - 0.03 > 0.7


def test_permuted_labels_give_chance() -> None:
    data = cloud_set()
    order = torch.randperm(600, generator=torch.Generator().manual_seed(0))
    permuted = LabelledSet(data.train_x, data.train_y[order], data.val_x, data.val_y, 3)
    assert abs(found(data, fit_lars(permuted, 0, silent).predict(data.val_x)) - 1 / 3) < 0.15


def test_weights_move_by_a_share_of_their_length_and_biases_by_their_gradient() -> None:
    with torch.random.fork_rng():
        net = LarsProbe(4, 2)
    optimizer, linear = net.optimizer(), net.linears[3]
    for group in optimizer.param_groups:
        group["lr"] = 0.5
    weight, bias = linear.weight.detach().clone(), linear.bias.detach().clone()
    moved, moved_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for step in range(2):  # momentum: the second step takes nine tenths of the first along
        gradient = torch.arange(8.0).reshape(2, 4) + step
        for each in net.linears:
            each.weight.grad, each.bias.grad = gradient.clone(), torch.tensor([1.0, -2.0])
        optimizer.step()
        moved = 0.9 * moved + 0.001 * weight.norm() / gradient.norm() * gradient
        moved_bias = 0.9 * moved_bias + torch.tensor([1.0, -2.0])
        weight, bias = weight - 0.5 * moved, bias - 0.5 * moved_bias
        assert torch.allclose(linear.weight, weight, atol=1e-7)
        assert torch.allclose(linear.bias, bias)


def test_the_rate_is_the_base_times_batch_over_256_warmed_up_for_ten_of_ninety_epochs() -> None:
    optimizer = LarsProbe(4, 2).optimizer()

    def rate(epoch: float, batch: int) -> float:
        set_rates(optimizer, epoch, batch)
        return float(optimizer.param_groups[0]["lr"])

    assert [rate(0, 256), rate(5, 256), rate(10, 256)] == pytest.approx([0, 0.05, 0.1])
    assert [rate(50, 256), rate(90, 256)] == pytest.approx([0.05, 0])
    assert rate(10, 64) == pytest.approx(0.025)
    assert optimizer.param_groups[-1]["lr"] == pytest.approx(0.25 * BASE_LRS[-1])


def test_each_base_rate_learns_as_if_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = cloud_set()
    monkeypatch.setattr(lars_probe, "BASE_LRS", (10.0,))
    alone = fit_lars(data, 0, silent)
    monkeypatch.setattr(lars_probe, "BASE_LRS", (10.0, 1e9))  # its weights grow beyond all bounds
    beside = fit_lars(data, 0, silent)
    assert "base lr 10 of validation" in beside.estimator
    assert alone.predict(data.val_x) == pytest.approx(beside.predict(data.val_x), abs=1e-5)


def test_the_weights_are_those_of_the_last_epoch_whatever_validation_says() -> None:
    data, told = cloud_set(n=90, shift=0.6), []
    head = fit_lars(data, 0, lambda epoch, figure: told.append((epoch, figure)))
    assert [epoch for epoch, _ in told] == list(range(1, 91))
    assert found(data, head.predict(data.val_x)) == told[-1][1] < max(figure for _, figure in told)
    assert "90 epochs, weights of the last" in head.estimator
    assert "the MAE paper's" in head.estimator


def test_a_galaxy_is_judged_by_the_statistics_of_train_and_not_by_its_neighbours() -> None:
    data = cloud_set()
    head = fit_lars(data, 0, silent)
    whole = head.predict(data.val_x)
    assert head.predict(data.val_x[7:8])[0] == pytest.approx(whole[7], abs=1e-5)
    with torch.random.fork_rng():
        net = LarsProbe(16, 3)
    net(data.train_x)
    net.eval()
    standard = (data.val_x - data.train_x.mean(0)) / (data.train_x.var(0) + 1e-6).sqrt()
    by_hand = functional.linear(standard, net.linears[0].weight)
    assert torch.allclose(net(data.val_x)[0], by_hand, atol=1e-3)


def test_a_seed_repeats_and_another_differs() -> None:
    data, before = cloud_set(shift=0.7), torch.get_rng_state()
    one, again, other = (fit_lars(data, seed, silent).predict(data.val_x) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_of_base_rates_that_do_equally_well_the_smallest_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lars_probe, "BASE_LRS", (10.0, 30.0))
    data = cloud_set(shift=12.0)
    head = fit_lars(data, 0, silent)
    assert found(data, head.predict(data.val_x)) == 1.0
    assert "base lr 10 of validation" in head.estimator
