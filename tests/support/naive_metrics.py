"""Slow oracles of benchmark/metrics and benchmark/statistics: loops over the definitions."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np


def runs(mask):
    """Lists of consecutive true positions."""
    found = []
    for i, on in enumerate(mask):
        if on and i > 0 and mask[i - 1]:
            found[-1].append(i)
        elif on:
            found.append([i])
    return found


def auroc(labels, scores):
    """All pairs, one by one."""
    wins = [
        1.0 if p > q else 0.5 if p == q else 0.0
        for p in scores[np.array(labels) == 1]
        for q in scores[np.array(labels) == 0]
    ]
    return sum(wins) / len(wins)


def average_precision(labels, scores):
    total, before = 0.0, 0
    for level in sorted(set(scores), reverse=True):
        true = int(sum(labels[scores >= level]))
        total += (true - before) * true / int(sum(scores >= level))
        before = true
    return total / int(sum(labels))


def best_f1(labels, scores):
    values = []
    for level in set(scores):
        flagged = scores >= level
        values.append(2 * int(sum(labels[flagged])) / (int(sum(flagged)) + int(sum(labels))))
    return max(values)


def volumes(labels, scores, window, n_thresholds=250):
    """VUS-ROC and VUS-PR, visiting every width, threshold and point."""
    n, segments = len(labels), runs(labels)
    thresholds = sorted(scores, reverse=True)
    thresholds = [thresholds[int(i)] for i in np.linspace(0, n - 1, n_thresholds)]
    rocs, prs = [], []
    for width in range(window + 1):
        degree = np.array(labels, dtype=float)
        for seg in segments:
            for i in range(n):
                distance = seg[0] - i if i < seg[0] else i - seg[-1]
                if 0 < distance <= width // 2:
                    degree[i] += np.sqrt(1 - distance / width)
        degree = np.minimum(degree, 1)
        stretches = [list(segments[0])]
        for seg in segments[1:]:
            if seg[0] - stretches[-1][-1] <= 2 * (width // 2):
                stretches[-1] += seg
            else:
                stretches.append(list(seg))
        tprs, fprs, precisions = [0.0], [0.0], []
        for level in thresholds:
            flagged = scores >= level
            true = sum(degree[flagged])
            positives = (sum(labels) + sum(degree[flagged | (np.array(labels) == 1)])) / 2
            seen = [any(flagged[max(s[0] - width // 2, 0) : s[-1] + width // 2 + 1]) for s in stretches]
            tprs.append(min(true / positives, 1) * np.mean(seen))
            fprs.append((sum(flagged) - true) / (n - positives))
            precisions.append(true / sum(flagged))
        prs.append(sum((tprs[j + 1] - tprs[j]) * precisions[j] for j in range(n_thresholds)))
        tprs, fprs = [*tprs, 1.0], [*fprs, 1.0]
        rocs.append(sum((fprs[j + 1] - fprs[j]) * (tprs[j + 1] + tprs[j]) / 2 for j in range(n_thresholds + 1)))
    return np.mean(rocs), np.mean(prs)


def range_based(labels, flagged, alpha):
    """Range-based precision (alpha 0) and recall, run by run."""

    def reward(ours, theirs, alpha):
        values = []
        for run in runs(ours):
            hits = [i for i in run if theirs[i]]
            touching = sum(1 for other in runs(theirs) if set(other) & set(run))
            overlap = len(hits) / len(run) / max(touching, 1)
            values.append(alpha * bool(hits) + (1 - alpha) * overlap)
        return sum(values) / len(values)

    return reward(flagged, labels, 0.0), reward(labels, flagged, alpha)


def affiliation(labels, flagged, steps=24):
    """Affiliation precision and recall by counting, on a fine grid, the points of the zone that are at least as far."""

    def grid(low, high):
        count = round((high - low) * steps)
        return low + (np.arange(count) + 0.5) / steps

    def away(points, intervals):
        return np.min([np.maximum(np.maximum(a - points, points - b), 0) for a, b in intervals], axis=0)

    n = len(labels)
    truth = [(r[0], r[-1] + 1) for r in runs(labels)]
    flags = [(r[0], r[-1] + 1) for r in runs(flagged)]
    precision, recall = [], []
    for k, (a, b) in enumerate(truth):
        low = (truth[k - 1][1] + a) / 2 if k else 0.0
        high = (b + truth[k + 1][0]) / 2 if k + 1 < len(truth) else float(n)
        zone = grid(low, high)
        inside = [(max(low, p), min(high, q)) for p, q in flags if q > low and p < high]
        if not inside:
            recall.append(0.0)
            continue
        found = np.concatenate([grid(p, q) for p, q in inside])
        random = away(zone, [(a, b)])
        precision.append(np.mean([np.mean(random >= d - 1e-9) for d in away(found, [(a, b)])]))
        points = grid(a, b)
        nearest = away(points, inside)
        farther = [np.mean(abs(zone - y) >= d) for y, d in zip(points, nearest, strict=True)]
        recall.append(np.mean(np.where(nearest == 0, 1.0, farther)))
    return np.mean(precision), np.mean(recall)


def pate(labels, scores, window):
    """PATE with point-wise weights, looping over the buffers, thresholds and points."""
    order = sorted(set(scores), reverse=True)
    true = [int(sum(labels[scores >= level])) for level in order]
    last = len(order) - 1
    bends = [i for i in range(len(order)) if i in (0, last) or true[i] > true[i - 1] or true[i + 1] > true[i]]
    levels = np.percentile([order[i] for i in bends], np.linspace(100, 0, 250))
    areas = [_pate_area(labels, scores, levels, e, d) for e in (0, window) for d in (0, window)]
    return np.mean(areas)


def _pate_area(labels, scores, levels, early, late):
    curve = [(0.0, 1.0)]
    for level in levels:
        flagged = scores >= level
        true, missed = _pate_weights(labels, flagged, early, late)
        precision = true / sum(flagged) if any(flagged) else 0.0
        recall = true / (true + missed) if true + missed > 0 else 0.0
        if recall >= curve[-1][0]:
            curve.append((recall, precision))
    return sum((r1 - r0) * (p1 + p0) / 2 for (r0, p0), (r1, p1) in pairwise(curve))


def _pate_weights(labels, flagged, early, late):
    true, missed, taken = 0.0, 0.0, -1
    events = runs(labels)
    for k, event in enumerate(events):
        start, end = event[0], event[-1]
        found = runs([bool(flagged[i]) for i in event])
        following = events[k + 1][0] if k + 1 < len(events) else len(labels)
        late_end = min(end + late, following - 1)
        early_start = max(start - early, taken + 1, 0)
        for i in range(early_start, start):
            if flagged[i] and found:
                true += 1 - sum(y - i for y in event) / sum(y - early_start for y in event)
        for i in range(end + 1, late_end + 1):
            if flagged[i]:
                true += 1 - sum(i - y for y in event) / sum(late_end - y for y in event)
        for i in event:
            if flagged[i]:
                true += 1
            elif not found or i <= start + len(found[0]):
                missed += 1
            else:
                reach = range(start, start + len(found[0]) + 1)
                missed += 1 - sum(abs(i - y) for y in reach) / max(sum(end - y for y in event), 1)
        taken = late_end
    return true, missed


def holm(p_values):
    """Adjusted p of each hypothesis: the largest of the corrected ones up to its place."""
    adjusted = []
    for p in p_values:
        smaller = [q for q in p_values if q <= p]
        corrected = [q * sum(1 for r in p_values if r >= q) for q in smaller]
        adjusted.append(min(1.0, max(corrected)))
    return adjusted


def stratified_signed_rank(differences, strata):
    """Two-sided p over all flips of the signs; ranks of sizes within the stratum, divided by its size + 1."""
    scores = []
    for d, name in zip(differences, strata, strict=True):
        sizes = [abs(e) for e, other in zip(differences, strata, strict=True) if other == name]
        rank = sum(1 for e in sizes if e < abs(d)) + (sum(1 for e in sizes if e == abs(d)) + 1) / 2
        scores.append(rank / (len(sizes) + 1) * np.sign(d))
    flips = [
        abs(sum(f * s for f, s in zip(flip, scores, strict=True))) for flip in product((1, -1), repeat=len(scores))
    ]
    return np.mean([f >= abs(sum(scores)) - 1e-12 for f in flips])
