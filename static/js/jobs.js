export function watchJobs() {}
