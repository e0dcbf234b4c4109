// What both engines know of questions: how they fail, and which take long.

/** What did not come about, as the program says it. */
export class Failure extends Error {
  /** @param {{kind: string, message: string, faults?: any[], known?: any}} failure */
  constructor(failure) {
    super(failure.message);
    this.kind = failure.kind;
    this.faults = failure.faults ?? [];
    this.known = failure.known;
  }
}

/** The questions that take long: they have progress and are asked one at a time. */
export const long = new Set(["capacity", "run", "compare", "plan"]);
