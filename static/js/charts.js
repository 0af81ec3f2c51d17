/*
The house's charts (notation after IBCS): actual solid, budget outlined behind, plan hatched, previous light;
good and bad only for variances, always with a sign. Every function takes an element and plain figures, returns
a function to redraw with new figures, and brings a text alternative and a table. Needs vendor/plotly.min.js.

    planColumns(el, {title, labels, actual, plan, budget, decimals})      months against budget, variance above
    waterfall(el, {title, bars: [{label, value, total, kind}], decimals, cut})   causes from one total to another
    forecastChart(el, {title, history: {labels, values}, plan: {labels, baseline, low, high, consensus, budget}, every,
                      notes: [{at, value, text, ax, ay}]})                            at: position in the plan
    supplyColumns(el, {title, labels, demand, supply})                    possible and short per month
    miniColumns(el, {title, labels, values, actuals, target, targetLabel, decimals})
    bars(el, {rows: [{label, value, kind, note, tone}], decimals, unit})  ranked horizontal bars (plain HTML)
    bullet(el, {value, target, full})   sparkline(el, values)
*/
import { el as make, token } from "./dom.js";
import { number, signed } from "./formats.js";
import { gettext, isChinese } from "./i18n.js";
import { axis, clear, hatch, label, mount, outline, rule, size, solid } from "./charts/frame.js";

const nulls = (n) => Array(n).fill(null);
const summaryOf = (title, labels, values, decimals = 0) => {
  const last = values.length - 1;
  return `${title}. ${labels[0]} ${number(values[0], decimals)}, ${labels[last]} ${number(values[last], decimals)}.`;
};

function keep(element, data, chart) {
  const redraw = mount(element, () => chart.build(data), chart.texts(data));
  return (next) => redraw(() => chart.build(next), chart.texts(next));
}

// Columns against budget with a variance tier ---------------------------------------------------------------------
const PLAN_COLUMNS = {
  build({ labels, actual, plan, budget, decimals = 0 }) {
    const done = actual.length;
    const values = actual.concat(plan);
    const variance = values.map((v, i) => v - budget[i]);
    const x = values.map((_, i) => i);
    const top = Math.max(...budget, ...values) * 1.1;
    const [low, high] = [Math.min(0, ...variance), Math.max(0, ...variance)];
    const reach = Math.max(high - low, 1e-9);
    const bar = (indices, y, more) => ({
      type: "bar", x: indices, y, width: 0.56, customdata: y.map((v) => number(v, decimals)), hovertemplate: "%{customdata}", ...more,
    });
    return {
      traces: [
        bar(x, budget, { offset: -0.4, marker: outline(), name: gettext("Budget") }),
        bar(x.slice(0, done), actual, { offset: -0.2, marker: solid("--ac"), name: gettext("Actual") }),
        bar(x.slice(done), plan, { offset: -0.2, marker: hatch(), name: gettext("Plan") }),
        bar(x, variance, {
          width: 0.5, yaxis: "y2", name: gettext("Against budget"), customdata: variance.map((v) => signed(v, decimals)),
          marker: { color: variance.map((v) => token(v >= 0 ? "--good" : "--bad")) },
        }),
      ],
      layout: {
        barmode: "overlay",
        margin: { l: 4, r: 4, t: 6, b: labels.some((text) => text.includes("<br>")) ? 40 : 24 },
        xaxis: axis({ tickvals: x, ticktext: labels, showline: true, range: [-0.7, values.length - 0.3] }),
        yaxis: axis({ visible: false, domain: [0, 0.66], range: [0, top] }),
        yaxis2: axis({ visible: false, domain: [0.7, 1], range: [low - reach * 0.3, high + reach * 0.3] }),
        shapes: [
          rule({ xref: "paper", x0: 0, x1: 1, yref: "y2", y0: 0, y1: 0, line: { color: token("--line-strong"), width: 1 } }),
          ...(done && plan.length ? [rule({ x0: done - 0.5, x1: done - 0.5, yref: "paper", y0: 0, y1: 0.66 })] : []),
        ],
        annotations: [
          ...values.map((v, i) => label(number(v, decimals), i, Math.max(v, budget[i]), { yshift: 8, xshift: 3 })),
          ...variance.map((v, i) => label(signed(v, decimals), i, v, {
            yref: "y2", yshift: v >= 0 ? 8 : -8, font: { size: size(), color: token(v >= 0 ? "--good" : "--bad") },
          })),
        ],
      },
    };
  },
  texts({ title, labels, actual, plan, budget, decimals = 0 }) {
    const values = actual.concat(plan);
    const plain = labels.map((text) => text.replace("<br>", " "));
    return {
      summary: summaryOf(title, plain, values, decimals),
      table: {
        head: [gettext("Month"), gettext("Actual or plan"), gettext("Budget"), gettext("Against budget")],
        rows: plain.map((text, i) => [text, number(values[i], decimals), number(budget[i], decimals), signed(values[i] - budget[i], decimals)]),
      },
    };
  },
};
export const planColumns = (element, data) => keep(element, data, PLAN_COLUMNS);

// Waterfall ----------------------------------------------------------------------------------------------------------
function levels(bars) {
  let run = 0;
  return bars.map(({ value, total }) => {
    const from = total ? 0 : run;
    run = total ? value : run + value;
    return { from, to: run, low: Math.min(from, run), high: Math.max(from, run) };
  });
}

/** A long label in two lines, broken at the space nearest its middle: bars stand close. */
function twoLines(text) {
  const spaces = [...text.matchAll(/ /g)].map(({ index }) => index);
  if (text.length < 13 || !spaces.length) return text;
  const nearest = spaces.reduce((best, at) => (Math.abs(at - text.length / 2) < Math.abs(best - text.length / 2) ? at : best));
  return `${text.slice(0, nearest)}<br>${text.slice(nearest + 1)}`;
}

const WATERFALL = {
  build({ bars, decimals = 0, cut = 0 }) {
    const at = levels(bars);
    const x = bars.map((_, i) => i);
    const height = (i) => at[i].high - Math.max(at[i].low, cut);
    const pick = (test) => x.map((i) => (test(bars[i]) ? height(i) : null));
    const kinds = { fc: hatch(), pl: outline(), py: solid("--py"), ac: solid("--ac") };
    return {
      traces: [
        { type: "bar", x, y: at.map(({ low }) => Math.max(low - cut, 0)), marker: clear(), hoverinfo: "skip" },
        ...Object.entries(kinds).map(([kind, marker]) => ({ type: "bar", x, y: pick((b) => b.total && (b.kind ?? "fc") === kind), marker, hoverinfo: "skip" })),
        { type: "bar", x, y: pick((b) => !b.total && b.value >= 0), marker: solid("--good"), hoverinfo: "skip" },
        { type: "bar", x, y: pick((b) => !b.total && b.value < 0), marker: solid("--bad"), hoverinfo: "skip" },
      ],
      layout: {
        barmode: "stack",
        bargap: 0.34,
        hovermode: false,
        margin: { l: 4, r: 4, t: 20, b: 42 },
        xaxis: axis({ tickvals: x, ticktext: bars.map((b) => twoLines(b.label)), tickangle: 0, showline: true, tickfont: { size: size(), color: token("--ink-2") } }),
        yaxis: axis({ visible: false }),
        annotations: x.map((i) => label(`<b>${bars[i].total ? number(bars[i].value, decimals) : signed(bars[i].value, decimals)}</b>`, i, at[i].high - cut, {
          yshift: 9, font: { size: size() + 1, color: token(bars[i].total ? "--ink" : bars[i].value >= 0 ? "--good" : "--bad") },
        })),
        shapes: x.slice(0, -1).map((i) => rule({ x0: i + 0.3, x1: i + 0.7, y0: at[i].to - cut, y1: at[i].to - cut, line: { color: token("--line-strong"), width: 1 } })),
      },
    };
  },
  texts({ title, bars, decimals = 0 }) {
    return {
      summary: summaryOf(title, bars.map((b) => b.label), bars.map((b) => b.value), decimals),
      table: {
        head: [gettext("Step"), gettext("Value")],
        rows: bars.map((b) => [b.label.replace("<br>", " "), b.total ? number(b.value, decimals) : signed(b.value, decimals)]),
      },
    };
  },
};
export const waterfall = (element, data) => keep(element, data, WATERFALL);

// History, baseline with band, consensus, budget -------------------------------------------------------------------------
const FORECAST = {
  build({ history, plan, notes = [], every: wanted = 3, decimals = 0 }) {
    const every = isChinese ? Math.max(wanted, 3) : wanted; // 26年12月 is wider than Dec 26
    const labels = history.labels.concat(plan.labels);
    const x = labels.map((_, i) => i);
    const before = nulls(history.labels.length);
    const line = (y, more) => ({
      type: "scatter", mode: "lines", x, y, customdata: y.map((v) => number(v, decimals)), hovertemplate: "%{customdata}", ...more,
    });
    const band = plan.low && plan.high
      ? [line(before.concat(plan.high), { line: { width: 0 }, hoverinfo: "skip", hovertemplate: null }),
        line(before.concat(plan.low), { line: { width: 0 }, fill: "tonexty", fillcolor: token("--band"), hoverinfo: "skip", hovertemplate: null })]
      : [];
    const optional = (y, more) => (y ? [line(before.concat(y), more)] : []);
    return {
      traces: [
        ...band,
        line(history.values.concat(nulls(plan.labels.length)), { line: { color: token("--ac"), width: 1.6 }, name: gettext("Actual") }),
        ...optional(plan.budget, { line: { color: token("--pl"), width: 1, dash: "dot" }, name: gettext("Budget") }),
        ...optional(plan.baseline, { line: { color: token("--base-line"), width: 1.6, dash: "dash" }, name: gettext("Baseline") }),
        ...optional(plan.consensus, { mode: "lines+markers", marker: { size: 4, color: token("--ink") }, line: { color: token("--ink"), width: 2.4 }, name: gettext("Consensus") }),
      ],
      layout: {
        margin: { l: Math.round(size() * 3.9), r: 8, t: 6, b: 22 },
        xaxis: axis({ tickvals: x.filter((i) => i % every === 0), ticktext: labels.filter((_, i) => i % every === 0), showline: true, range: [-0.6, x.length - 0.4] }),
        yaxis: axis({ tickformat: ",.0f", nticks: 4, showgrid: true, gridcolor: token("--line"), rangemode: "tozero" }),
        shapes: [rule({ x0: history.labels.length - 0.5, x1: history.labels.length - 0.5, yref: "paper", y0: 0, y1: 1 })],
        annotations: notes.slice(0, 2).map((note) => label(note.text, history.labels.length + note.at, note.value, {
          showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: token("--ink-3"), ax: note.ax ?? 0, ay: note.ay ?? -24, align: "left",
        })),
      },
    };
  },
  texts({ title, history, plan, decimals = 0 }) {
    const main = plan.consensus ?? plan.baseline;
    const columns = [[gettext("Baseline"), plan.baseline], [gettext("Consensus"), plan.consensus], [gettext("Budget"), plan.budget]].filter(([, values]) => values);
    return {
      summary: summaryOf(title, history.labels.concat(plan.labels), history.values.concat(main), decimals),
      table: {
        head: [gettext("Month"), gettext("Actual"), ...columns.map(([name]) => name)],
        rows: [
          ...history.labels.map((text, i) => [text, number(history.values[i], decimals), ...columns.map(() => "–")]),
          ...plan.labels.map((text, i) => [text, "–", ...columns.map(([, values]) => number(values[i], decimals))]),
        ],
      },
    };
  },
};
export const forecastChart = (element, data) => keep(element, data, FORECAST);

// What is possible, with the shortage as a red cap -----------------------------------------------------------------------
const SUPPLY = {
  build({ labels, demand, supply, decimals = 0 }) {
    const x = labels.map((_, i) => i);
    const short = demand.map((v, i) => Math.max(0, v - supply[i]));
    return {
      traces: [
        { type: "bar", x, y: supply, width: 0.58, marker: hatch(), hoverinfo: "skip" },
        { type: "bar", x, y: short, width: 0.58, marker: solid("--bad"), hoverinfo: "skip" },
      ],
      layout: {
        barmode: "stack",
        hovermode: false,
        margin: { l: 4, r: 4, t: 18, b: 22 },
        xaxis: axis({ tickvals: x, ticktext: labels, showline: true }),
        yaxis: axis({ visible: false, rangemode: "tozero" }),
        annotations: x.map((i) => label(short[i] ? `<b>${signed(-short[i], decimals)}</b>` : number(supply[i], decimals), i, Math.max(demand[i], supply[i]), {
          yshift: 9, font: { size: size(), color: token(short[i] ? "--bad" : "--ink-2") },
        })),
      },
    };
  },
  texts({ title, labels, demand, supply, decimals = 0 }) {
    return {
      summary: summaryOf(title, labels, supply, decimals),
      table: {
        head: [gettext("Month"), gettext("Demand"), gettext("Possible"), gettext("Short")],
        rows: labels.map((text, i) => [text, number(demand[i], decimals), number(supply[i], decimals), number(Math.max(0, demand[i] - supply[i]), decimals)]),
      },
    };
  },
};
export const supplyColumns = (element, data) => keep(element, data, SUPPLY);

// One measure with a target -----------------------------------------------------------------------------------------------
const MINI = {
  build({ labels, values, actuals = values.length, target = null, targetLabel = "", decimals = 0 }) {
    const x = labels.map((_, i) => i);
    const end = label(` ${targetLabel}`, 1, target, { xref: "paper", xanchor: "left" });
    return {
      traces: [
        { type: "bar", x: x.slice(0, actuals), y: values.slice(0, actuals), marker: solid("--ac") },
        { type: "bar", x: x.slice(actuals), y: values.slice(actuals), marker: hatch() },
      ],
      layout: {
        barmode: "overlay",
        hovermode: false,
        margin: { l: 4, r: target === null ? 4 : size() * 5.4, t: 16, b: 20 },
        xaxis: axis({ tickvals: x, ticktext: labels, showline: true }),
        yaxis: axis({ visible: false, rangemode: "tozero" }),
        shapes: target === null ? [] : [rule({ xref: "paper", x0: 0, x1: 1, y0: target, y1: target, line: { color: token("--ink"), width: 1.4 } })],
        annotations: x.map((i) => label(number(values[i], decimals), i, values[i], { yshift: values[i] < 0 ? -8 : 8, font: { size: size(), color: token("--ink-2") } }))
          .concat(target === null ? [] : [end]),
      },
    };
  },
  texts({ title, labels, values, decimals = 0 }) {
    return {
      summary: summaryOf(title, labels, values, decimals),
      table: { head: [gettext("Month"), gettext("Value")], rows: labels.map((text, i) => [text, number(values[i], decimals)]) },
    };
  },
};
export const miniColumns = (element, data) => keep(element, data, MINI);

// Small ones without Plotly -------------------------------------------------------------------------------------------------
/** tone: good | bad for the note; kind: ac | py. Rows come sorted. */
export function bars(element, { rows, decimals = 1, unit = "" }) {
  const full = Math.max(...rows.map((row) => Math.abs(row.value)), 1e-9);
  element.replaceChildren(...rows.map(({ label: text, value, kind = "ac", note = "", tone = "" }) =>
    make("div", { class: "row-f", style: "min-height:21px" },
      make("span", { class: "sm", style: "width:84px" }, text),
      make("span", { style: "flex:1;height:9px" }, make("i", { style: `display:block;height:9px;width:${(Math.abs(value) / full) * 100}%;background:var(--${kind})` })),
      make("span", { class: "num sm", style: "min-width:46px" }, `${number(value, decimals)}${unit}`),
      make("span", { class: `num sm ${tone}`, style: "min-width:58px" }, note))));
}

/** Bar = figure, line = target. */
export function bullet(element, { value, target, full }) {
  const share = (v) => `${Math.max(0, Math.min(100, (v / full) * 100))}%`;
  element.classList.add("bullet");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", `${number(value, 1)} / ${number(target, 1)}`);
  element.replaceChildren(make("i", { style: `width:${share(value)}` }), make("b", { style: `left:${share(target)}` }));
}

/** Points in time order, the last one dotted; no axis, no colour. */
export function sparkline(element, values, { width = 64, height = 18 } = {}) {
  const low = Math.min(...values);
  const spread = Math.max(...values) - low || 1;
  const at = values.map((v, i) => [2 + (i * (width - 6)) / (values.length - 1), height - 3 - ((v - low) / spread) * (height - 6)].map((c) => c.toFixed(1)));
  element.innerHTML = `<svg class="spark" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true"><polyline points="${at.map((p) => p.join(",")).join(" ")}"/><circle cx="${at.at(-1)[0]}" cy="${at.at(-1)[1]}" r="2.1"/></svg>`;
}
