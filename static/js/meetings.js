// What the meeting pages share: the run a button has started is named in the address and followed until it ends.
import { followJob } from "./jobs.js";

export async function followJobOfAddress(title) {
  const query = new URLSearchParams(location.search);
  const job = query.get("job");
  if (!job) return;
  query.delete("job");
  history.replaceState(null, "", `${location.pathname}?${query}`);
  const ended = await followJob(Number(job), { title });
  if (ended?.state === "done") location.reload();
}
