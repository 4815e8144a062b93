// An open loop over time: what was due and had not ended, and what arrived.
const arrivals = (data, level) => {
  const rounds = level.rounds.filter((r) => r.over_time);
  if (!rounds.length) return [];
  const looks = looksOf(level), longest = peak(rounds.flatMap((r) => r.over_time.t));
  const lines = (pick, shown) => shown.map((r) => ({
    name: roundName(r), ...looks.get(r), kind: "step", xs: r.over_time.t, ys: r.over_time[pick],
    tip: (k) => `${roundName(r)}\n${number(r.over_time.t[k])} s${mark("colon")}${number(r.over_time[pick][k])}`,
  }));
  const chart = (pick, term, note, unit, shown) => {
    const series = lines(pick, shown);
    return new Plot({
      title: say(pick + "OverTime"), term, note, zoom: true, series, summary: shown.map((r) => say(pick + "Peak", roundName(r), number(peak(r.over_time[pick])))),
      x: { label: say("sinceStart"), range: [0, longest] }, y: { label: unit, fromZero: true },
    });
  };
  // The instants are the same in all rounds, unless draining between blocks has put some off.
  return [chart("backlog", "backlog", say("backlogNote"), say("requestsUnit"), rounds), chart("arrivals", "arrival", say("arrivalsNote"), "requests/s", rounds.slice(0, 1))];
};
