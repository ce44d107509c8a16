/** Whether a source is the tracer of the probes: `bpftrace` in the records of earlier versions. */
export const isTracerPart = (source: string): boolean => source === 'tracer' || source === 'bpftrace'
