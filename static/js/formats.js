// Figures, money and months as core/formats.py writes them. A browser test holds both equal.
import { isChinese } from "./i18n.js";

const UNDEFINED = "–";
const MINUS = "−";
const EN_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const EN_SIGNS = { CNY: "¥", JPY: "¥", USD: "$", EUR: "€", GBP: "£" };
const ZH_NAMES = { CNY: "元", JPY: "日元", USD: "美元", EUR: "欧元", GBP: "英镑" };
const company = () => ({
  currency: document.body.dataset.currency || "CNY",
  decimals: Number(document.body.dataset.currencyDecimals ?? 2),
});
const writers = new Map();

function write(value, decimals) {
  if (!writers.has(decimals)) {
    // halfExpand rounds half away from zero, as the server does
    writers.set(decimals, new Intl.NumberFormat("en-GB", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals, roundingMode: "halfExpand",
    }));
  }
  const text = writers.get(decimals).format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

const isFigure = (value) => value !== null && value !== undefined && value !== "" && Number.isFinite(Number(value));

/** 1234.5 → "1,235"; null → "–" */
export const number = (value, decimals = 0) => (isFigure(value) ? write(Number(value), decimals) : UNDEFINED);

/** A difference: "+12", "−3", "±0" */
export function signed(value, decimals = 0) {
  if (!isFigure(value)) return UNDEFINED;
  const text = write(Number(value), decimals);
  if (text.startsWith(MINUS)) return text;
  return (/[1-9]/.test(text) ? "+" : "±") + text;
}

/** A quantity kept in smallest units: quantity(12345, 1) → "1,234.5" */
export const quantity = (value, decimals = 0) => (isFigure(value) ? write(Number(value) / 10 ** decimals, decimals) : UNDEFINED);

/** A rate already in per cent: "14.2 %" / "14.2%" */
export function percent(value, decimals = 1, { sign = false } = {}) {
  if (!isFigure(value)) return UNDEFINED;
  return (sign ? signed : number)(value, decimals) + (isChinese ? "%" : "\u00a0%");
}

/** An amount in minor units, in words: "¥1.7 m" / "170 万元" */
export function money(minor, { sign = false } = {}) {
  if (!isFigure(minor)) return UNDEFINED;
  const { currency, decimals } = company();
  const amount = Number(minor) / 10 ** decimals;
  const prefix = amount < 0 ? MINUS : sign ? (amount > 0 ? "+" : "±") : "";
  const size = Math.abs(amount);
  if (isChinese) {
    const name = ZH_NAMES[currency] ?? currency;
    if (size >= 1e8) return `${prefix}${write(size / 1e8, 2)} 亿${name}`;
    if (size >= 1e4) return `${prefix}${write(size / 1e4, size >= 1e5 ? 0 : 1)} 万${name}`;
    return `${prefix}${write(size, 0)} ${name}`;
  }
  const symbol = EN_SIGNS[currency] ?? `${currency} `;
  if (size >= 1e9) return `${prefix}${symbol}${write(size / 1e9, 1)} bn`;
  if (size >= 1e5) return `${prefix}${symbol}${write(size / 1e6, 1)} m`;
  return `${prefix}${symbol}${write(size, 0)}`;
}

/** An amount in the unit of moneyUnit(): millions, or 亿 with two decimals. */
export function moneyCell(minor, { decimals = null, sign = false } = {}) {
  if (!isFigure(minor)) return UNDEFINED;
  const amount = Number(minor) / 10 ** company().decimals;
  return (sign ? signed : number)(isChinese ? amount / 1e8 : amount / 1e6, decimals ?? (isChinese ? 2 : 1));
}

export function moneyUnit() {
  const { currency } = company();
  return isChinese ? `亿${ZH_NAMES[currency] ?? currency}` : `${(EN_SIGNS[currency] ?? currency).trim()} million`;
}

/** An absolute month (year × 12 + month − 1): "Nov 26" or "Nov" / "26年11月" or "11月" */
export function month(value, { year = true } = {}) {
  const yy = String(Math.floor(value / 12) % 100).padStart(2, "0");
  const index = value % 12;
  if (isChinese) return year ? `${yy}年${index + 1}月` : `${index + 1}月`;
  return year ? `${EN_MONTHS[index]} ${yy}` : EN_MONTHS[index];
}

/** For sentences: "Nov 2026" / "2026年11月" */
export function monthLong(value) {
  const year = Math.floor(value / 12);
  return isChinese ? `${year}年${(value % 12) + 1}月` : `${EN_MONTHS[value % 12]} ${year}`;
}

/** Column heads: the year only at the first column and where it changes. */
export const monthHeads = (months) => {
  const isTold = months.length > 1 && months[1] % 12 === 0;
  return months.map((m, i) => month(m, { year: m % 12 === 0 || (i === 0 && !isTold) }));
};

/** "20 Nov" / "11月20日", local time */
export const dayMonth = (date) => (isChinese ? `${date.getMonth() + 1}月${date.getDate()}日` : `${date.getDate()} ${EN_MONTHS[date.getMonth()]}`);

/** "10:12:08", local time */
export const clockSeconds = (date) => date.toLocaleTimeString("en-GB", { hour12: false });

/**
 * What a person typed or pasted: thousands commas, blanks, full-width digits, Unicode minus.
 * Returns a number, null for an empty text, undefined when it is not a number.
 */
export function parseNumber(text) {
  const plain = String(text).normalize("NFKC").replace(/[\s,'’\u00a0\u202f]/g, "").replace(/[−–]/g, "-");
  if (plain === "") return null;
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(plain)) return undefined;
  return Number(plain);
}
