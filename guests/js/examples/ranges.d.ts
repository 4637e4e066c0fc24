/** Capabilities. */
export type CapabilitySet = {
  /** The mask, as in `/proc/PID/status`. */
  mask: string,
  /** The names, without `CAP_`. */
  names: Array<string>,
};

/** A container as ECI runs it, with its position. */
export type ShownContainer = ContainerOnEci & {
  range: Range,
  /** The fields in the object: of the container, or else of the pod. */
  written: Partial<Record<Field, Asked>>,
  /** The values that Kubernetes computes; null if the image decides. */
  kubernetes: Record<Field, unknown>,
};

/** An object as ECI runs it, with its position. A pod that does not run on ECI, or is for Windows, has no more. */
export type ShownObject = ObjectOnEci & { range: Range } & Partial<Effective>;

/** The answer of `show`. */
export type Show = { objects: Array<ShownObject>, problems: Array<TextProblem> };

/** A finding that changes, with its position. */
export type ChangedFinding = Change & { range: Range };

/** The answer of `diff`. */
export type Diff = {
  /** The names of the profiles. */
  from: string,
  to: string,
  /** The number of objects that were compared. */
  objects: number,
  /** The objects with changes. */
  changed: Array<Changed & { range: Range }>,
  /** The differences of the profiles, if there are changes. */
  reasons: Array<Difference>,
  /** The documents on which the profiles are based. */
  sources: [string, string],
  problems: Array<TextProblem>,
};
