// Asked and confirmed by month: hatched what comes, outlined what waits for an answer, a red cap for what does not come.
import { axis, hatch, label, mount, outline, size, solid } from "./charts/frame.js";
import { token } from "./dom.js";
import { number, signed } from "./formats.js";
import { gettext } from "./i18n.js";

const ROOM = 46; // px a month needs for its figure; with less only what is short is labelled

function build({ labels, asked, confirmed, open, short, decimals }, width) {
  const isTight = width / labels.length < ROOM;
  const x = labels.map((_, i) => i);
  const column = (y, marker) => ({ type: "bar", x, y, width: 0.58, marker, hoverinfo: "skip" });
  const cap = (i) => label(short[i] ? `<b>${signed(-short[i], decimals)}</b>` : number(asked[i], decimals), i, asked[i], {
    yshift: 9, font: { size: size(), color: token(short[i] ? "--bad" : "--ink-2") },
  });
  return {
    traces: [column(confirmed, hatch()), column(open, outline()), column(short, solid("--bad"))],
    layout: {
      barmode: "stack",
      hovermode: false,
      margin: { l: 4, r: 4, t: 18, b: 22 },
      xaxis: axis({ tickvals: x.filter((i) => !isTight || i % 3 === 0), ticktext: labels.filter((_, i) => !isTight || i % 3 === 0), showline: true }),
      yaxis: axis({ visible: false, rangemode: "tozero" }),
      annotations: x.filter((i) => asked[i] && (!isTight || short[i])).map(cap),
    },
  };
}

function texts({ title, labels, asked, confirmed, open, short, decimals }) {
  const sum = (values) => number(values.reduce((a, b) => a + b, 0), decimals);
  return {
    summary: `${title}. ${gettext("Asked")} ${sum(asked)}, ${gettext("Confirmed")} ${sum(confirmed)}, ${gettext("Short")} ${sum(short)}.`,
    table: {
      head: [gettext("Month"), gettext("Asked"), gettext("Confirmed"), gettext("Open"), gettext("Short")],
      rows: labels.map((text, i) => [text, ...[asked, confirmed, open, short].map((values) => number(values[i], decimals))]),
    },
  };
}

document.querySelectorAll("[data-answers]").forEach((element) => {
  const data = JSON.parse(document.getElementById(element.dataset.answers).textContent);
  mount(element, () => build(data, element.offsetWidth), texts(data));
});
