/** Whether a source is the tracer of the probes: `bpftrace` in the records of earlier versions. */
export const isTracerPart = (source: string): boolean => source === 'tracer' || source === 'bpftrace'

const ofProbe = 'the probe of '
/** The source of a gap in which the probe of one function of the kernel was silent. */
export const probePart = (name: string): string => ofProbe + name
/** Whether the tracer counts anew after a gap of this source. */
export const countsAnew = (source: string): boolean => isTracerPart(source) || source.startsWith(ofProbe)
