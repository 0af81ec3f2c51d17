// Saves a grid's edits into a plan version through the cells:batch endpoint.
import { send } from "../dom.js";
import { Refused } from "./saving.js";

const PASSING = new Set([408, 425, 429]);

/**
 * url: "/api/v1/plans/{version}/cells:batch". address(edit) → {measure, product, org, …}: where an edit of the
 * grid lies in the plan; further keys (spread) are sent as they are.
 */
export function planSaver(url, address) {
  return async (edits, { mode, key }) => {
    const body = {
      mode,
      edits: edits.map((edit) => {
        const { row: _row, month, ...rest } = edit;
        return { ...rest, month: monthCode(month), ...address(edit) };
      }),
    };
    const response = await send(url, { body, headers: { "Idempotency-Key": key } });
    if (response.ok) return response.json();
    const problem = await response.json().catch(() => ({}));
    if (response.status >= 500 || PASSING.has(response.status)) throw new Error(problem.detail ?? response.statusText);
    // all or nothing with conflicts: an answer per cell; every other refusal holds for the whole batch
    if (problem.results?.some((result) => result.status === "conflict")) return problem;
    throw new Refused(problem.detail ?? response.statusText);
  };
}

/** 24322 → "2026-11" */
export const monthCode = (month) => `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
