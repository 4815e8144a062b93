"""Throughput and goodput of a round's file: from the times of the journal, and the limits of the run."""

from text import close, same


def duration(round):
    """First t0 to last end, without pauses; None where nothing took time."""
    times = [one["timeline"] for one in round.records]
    if not times:
        return None
    began = min(one["end_ns"] if one["start_ns"] is None else one["start_ns"] for one in times)
    busy = max(one["end_ns"] for one in times) - began - round.meta["paused_ns"]
    return busy / 1e9 if busy > 0 else None


def is_good(request, slo):
    """Every value strictly below its limit; an answer of one token has no ITL and violates none."""
    if not request["success"]:
        return False
    for metric in ("ttft", "itl", "latency"):
        limit, value = slo.get(f"{metric}_ms"), request[metric]
        if limit is None or (metric == "itl" and value is None and (request["output_tokens"] or 0) == 1):
            continue
        if value is None or value >= limit:
            return False
    return True


def hold(round, file, slo):
    summary, seconds = file["summary"], duration(round)
    if len(round.records) + round.meta["not_started"] < round.meta["planned"]:
        # Of what is left of a round nothing is a rate.
        seconds = None
    per_second = lambda count: None if seconds is None else count / seconds
    close(summary["request_throughput"], per_second(len(round.successes())), "request_throughput")
    if slo is None:
        said = [key for key in summary if key.startswith("goodput_") and summary[key] is not None]
        return same(said, [], "goodput without limits")
    good = sum(is_good(one, slo) for one in file["requests"])
    same(summary["goodput_requests"], good, "goodput_requests")
    close(summary["goodput_request_throughput"], per_second(good), "goodput_request_throughput")
