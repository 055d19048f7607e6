"""How unequally something is spread over town and country: Theil, Gini, and Dagum's decomposition of the Gini.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.

References:
    Theil, H. 1967: Economics and Information Theory. Gini, C. 1912: Variabilita e mutabilita.
    Dagum, C. 1997: A new approach to the decomposition of the Gini income inequality ratio. Empirical Economics 22,
    515-531.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from insight.arrays import Given, Numbers, row
from insight.arrays import weights as shares
from telemetry.errors import Invalid


@dataclass(frozen=True, slots=True)
class TheilSplit:
    """Theil's T of all values, and the two parts it is the sum of."""

    total: float
    within: float
    between: float
    dropped: int
    """Values of zero or less, for which the index is not defined: left out, and told."""


@dataclass(frozen=True, slots=True)
class DagumSplit:
    """The Gini of all values and the three parts it is the sum of."""

    total: float
    within: float
    net_between: float
    """Inequality between the groups, as far as it points one way."""
    transvariation: float
    """Inequality from groups that overlap: villages better off than some of the city."""
    groups: Mapping[str, float]
    """The Gini inside each group."""
    pairs: Mapping[tuple[str, str], float]
    """The Gini between each two groups, named in the order given."""


@dataclass(frozen=True, slots=True)
class _Group:
    values: Numbers
    shares: Numbers
    """Of the group's own weight; adds up to 1."""
    weight: float

    @property
    def mean(self) -> float:
        return float(self.values @ self.shares)


def theil_urban_rural(totals: Given, persons: Given) -> float:
    """Theil's index of a quantity between groups of people, such as town and country (0 = by head the same).

    Equation (17): TL = sum_k (Y_k / Y) ln((Y_k / Y) / (N_k / N)), with Y_k the group's total and N_k its persons.

    Raises:
        Invalid: for a total or a number of persons that is not positive.
    """
    amount, heads = row("totals", totals), row("persons", persons)
    if len(amount) != len(heads) or (amount <= 0).any() or (heads <= 0).any():
        raise Invalid(
            "Theil index", "totals and persons do not pair up", "one positive total and number for each group"
        )
    held = amount / amount.sum()
    return float((held * np.log(held / (heads / heads.sum()))).sum())


def theil(groups: Mapping[str, Given], weights: Mapping[str, Given] | None = None) -> TheilSplit:
    """Theil's T of all places' values, split into what lies within the groups and what lies between them.

    Equation (18): T = mean((x / mu) ln(x / mu)) = Tw + Tb, Tw = sum_k s_k T_k, Tb = sum_k s_k ln(mu_k / mu), with s_k
    the group's share of the total. Values <= 0 are left out and counted.

    Args:
        groups: Values per place, by the group's name.
        weights: How much each place counts, such as its persons; None = all the same.

    Raises:
        Invalid: when no value is positive.
    """
    dropped, kept = 0, []
    for group in _groups(groups, weights).values():
        good = group.values > 0
        dropped += int((~good).sum())
        held = float(group.shares[good].sum())
        if held > 0:
            kept.append(_Group(group.values[good], group.shares[good] / held, group.weight * held))
    if not kept:
        raise Invalid("Theil index", "no value is positive", "at least one value above zero")
    everyone = sum(group.weight for group in kept)
    mean = sum(group.weight * group.mean for group in kept) / everyone
    within = between = 0.0
    for group in kept:
        share = group.weight * group.mean / (everyone * mean)
        relative = group.values / group.mean
        within += share * float((group.shares * relative) @ np.log(relative))
        between += share * float(np.log(group.mean / mean))
    return TheilSplit(within + between, within, between, dropped)


def gini(values: Given, weights: Given | None = None) -> float:
    """The Gini coefficient: half the mean difference between two places, over the mean (0 = all the same).

    Equation (19): G = sum_i sum_j |x_i - x_j| / (2 n^2 mu), with weights in the place of 1/n where they are given.

    Raises:
        Invalid: for a negative value, or when all are zero.
    """
    return dagum({"all": values}, None if weights is None else {"all": weights}).total


def dagum(groups: Mapping[str, Given], weights: Mapping[str, Given] | None = None) -> DagumSplit:
    """The Gini coefficient of all places, split into within, net between and transvariation.

    Equation (20): G = Gw + Gnb + Gt, with p_j the group's share of the weight and s_j its share of the total,
    G_jh = sum |x_j - x_h| / (n_j n_h (mu_j + mu_h)), D_jh = (d_jh - p_jh) / (d_jh + p_jh), where for mu_h >= mu_j
    d_jh = mean(max(0, x_h - x_j)) and p_jh = mean(max(0, x_j - x_h)); Gw = sum_j G_jj p_j s_j,
    Gnb = sum_j<h G_jh (p_j s_h + p_h s_j) D_jh, Gt likewise with 1 - D_jh. Takes n log n steps, not n^2.

    Args:
        groups: Values per place, by the group's name.
        weights: How much each place counts, such as its persons; None = all the same.

    Raises:
        Invalid: for a negative value, or when all are zero.
    """
    named = _groups(groups, weights)
    everyone = sum(group.weight for group in named.values())
    total = sum(group.weight * group.mean for group in named.values())
    if total <= 0 or any((group.values < 0).any() for group in named.values()):
        raise Invalid("Gini coefficient", "a value is negative, or all are zero", "values from 0 on, one above it")
    names = tuple(named)
    people = {name: group.weight / everyone for name, group in named.items()}
    held = {name: group.weight * group.mean / total for name, group in named.items()}
    inside = {name: _between(group, group)[0] for name, group in named.items()}
    within = sum(inside[name] * people[name] * held[name] for name in names)
    pairs, net, overlap = {}, 0.0, 0.0
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            unequal, direction = _between(named[one], named[other])
            pairs[one, other] = unequal
            part = unequal * (people[one] * held[other] + people[other] * held[one])
            net, overlap = net + part * direction, overlap + part * (1 - direction)
    return DagumSplit(within + net + overlap, within, net, overlap, inside, pairs)


def _groups(groups: Mapping[str, Given], weights: Mapping[str, Given] | None) -> dict[str, _Group]:
    if not groups or (weights is not None and weights.keys() != groups.keys()):
        raise Invalid("groups", "none, or the weights are of other groups", "values and weights for the same names")
    made = {}
    for name, given in groups.items():
        values = row(f"group {name!r}", given)
        each = np.ones(len(values)) if weights is None else row(f"weights of {name!r}", weights[name])
        made[name] = _Group(values, shares(f"weights of {name!r}", each, len(values)), float(each.sum()))
    return made


def _between(one: _Group, other: _Group) -> tuple[float, float]:
    """G_jh and D_jh of two groups; the second is 0 where the groups do not differ at all."""
    up, down = _excess(other, one), _excess(one, other)
    if one.mean + other.mean <= 0 or up + down <= 0:
        return 0.0, 0.0
    return (up + down) / (one.mean + other.mean), abs(up - down) / (up + down)


def _excess(of: _Group, over: _Group) -> float:
    """Mean of max(0, x - y) over all pairs, x from the first group and y from the second."""
    order = np.argsort(over.values, kind="stable")
    below = np.searchsorted(over.values[order], of.values)
    weight = np.concatenate(([0.0], np.cumsum(over.shares[order])))
    amount = np.concatenate(([0.0], np.cumsum((over.shares * over.values)[order])))
    return float(of.shares @ (of.values * weight[below] - amount[below]))
