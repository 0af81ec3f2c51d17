// Lines over months with a band and marks: what is known solid, what is expected dashed or strong, "now" dotted.
import { token } from "../dom.js";
import { number } from "../formats.js";
import { gettext, isChinese } from "../i18n.js";
import { axis, mount, rule, size } from "./frame.js";

const LOOKS = {
  actual: () => ({ line: { color: token("--ac"), width: 1.6 } }),
  cleansed: () => ({ line: { color: token("--warn"), width: 1.4, dash: "dot" } }),
  baseline: () => ({ line: { color: token("--base-line"), width: 1.6, dash: "dash" } }),
  forecast: () => ({ line: { color: token("--ink"), width: 2.4 } }),
  light: () => ({ line: { color: token("--py"), width: 1.2 } }),
};

function build({ labels, lines, band = null, now = null, every: wanted = 6, decimals = 0, fromZero = true }) {
  const every = isChinese ? Math.max(wanted, 6) : wanted;
  const x = labels.map((_, i) => i);
  const line = (y, more) => ({ type: "scatter", mode: "lines", x, y, customdata: y.map((v) => number(v, decimals)), hovertemplate: "%{customdata}", connectgaps: false, ...more });
  const edge = { line: { width: 0 }, hoverinfo: "skip", hovertemplate: null };
  return {
    traces: [
      ...(band ? [line(band.high, edge), line(band.low, { ...edge, fill: "tonexty", fillcolor: token("--band") })] : []),
      ...lines.map(({ name, values, kind }) => line(values, { name, ...LOOKS[kind]() })),
    ],
    layout: {
      margin: { l: Math.round(size() * 4.2), r: 8, t: 6, b: 22 },
      xaxis: axis({ tickvals: x.filter((i) => i % every === 0), ticktext: labels.filter((_, i) => i % every === 0), showline: true, range: [-0.6, x.length - 0.4] }),
      yaxis: axis({ tickformat: ",.0f", nticks: 4, showgrid: true, gridcolor: token("--line"), ...(fromZero ? { rangemode: "tozero" } : {}) }),
      shapes: now === null ? [] : [rule({ x0: now - 0.5, x1: now - 0.5, yref: "paper", y0: 0, y1: 1 })],
    },
  };
}

function texts({ title, labels, lines, band = null, decimals = 0 }) {
  const ends = lines.map(({ name, values }) => {
    const last = values.findLastIndex((v) => v !== null);
    return last < 0 ? "" : `${name} ${labels[last]} ${number(values[last], decimals)}`;
  });
  const columns = [...lines.map(({ name, values }) => [name, values]), ...(band ? [[gettext("Low"), band.low], [gettext("High"), band.high]] : [])];
  return {
    summary: `${title}. ${ends.filter(Boolean).join("; ")}.`,
    table: {
      head: [gettext("Month"), ...columns.map(([name]) => name)],
      rows: labels.map((text, i) => [text, ...columns.map(([, values]) => number(values[i], decimals))]),
    },
  };
}

/**
 * lineChart(el, {title, labels, lines: [{name, values, kind}], band: {low, high}, now, every, decimals, fromZero});
 * kind: actual | cleansed | baseline | forecast | light; values as long as labels, null where nothing is drawn.
 */
export function lineChart(element, data) {
  const redraw = mount(element, () => build(data), texts(data));
  return (next) => redraw(() => build(next), texts(next));
}
