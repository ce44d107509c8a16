import protobuf from 'protobufjs/light.js'

/** A 0 is written too: in proto2 a field that is there is not one that is missing. */
const edition = 'proto2'
/**
 * The part of Perfetto's trace format that is written here. Names, numbers and types are those of
 * protos/perfetto/trace/{trace,trace_packet,clock_snapshot}.proto and track_event/{track_event,track_descriptor,
 * counter_descriptor,debug_annotation}.proto of google/perfetto (v56).
 */
const root = protobuf.Root.fromJSON({
  nested: {
    Trace: { edition, fields: { packet: { rule: 'repeated', type: 'TracePacket', id: 1 } } },
    TracePacket: {
      edition,
      fields: {
        clockSnapshot: { type: 'ClockSnapshot', id: 6 },
        timestamp: { type: 'uint64', id: 8 },
        trustedPacketSequenceId: { type: 'uint32', id: 10 },
        trackEvent: { type: 'TrackEvent', id: 11 },
        sequenceFlags: { type: 'uint32', id: 13 },
        trackDescriptor: { type: 'TrackDescriptor', id: 60 },
      },
    },
    ClockSnapshot: {
      edition,
      fields: { clocks: { rule: 'repeated', type: 'Clock', id: 1 } },
      nested: {
        Clock: { fields: { clockId: { type: 'uint32', id: 1 }, timestamp: { type: 'uint64', id: 2 } } },
      },
    },
    TrackDescriptor: {
      edition,
      fields: {
        uuid: { type: 'uint64', id: 1 },
        name: { type: 'string', id: 2 },
        parentUuid: { type: 'uint64', id: 5 },
        counter: { type: 'CounterDescriptor', id: 8 },
        childOrdering: { type: 'ChildTracksOrdering', id: 11 },
        siblingOrderRank: { type: 'int32', id: 12 },
      },
      nested: {
        ChildTracksOrdering: { values: { UNKNOWN: 0, LEXICOGRAPHIC: 1, CHRONOLOGICAL: 2, EXPLICIT: 3 } },
      },
    },
    CounterDescriptor: { edition, fields: { unitName: { type: 'string', id: 6 } } },
    TrackEvent: {
      edition,
      fields: {
        debugAnnotations: { rule: 'repeated', type: 'DebugAnnotation', id: 4 },
        type: { type: 'Type', id: 9 },
        trackUuid: { type: 'uint64', id: 11 },
        categories: { rule: 'repeated', type: 'string', id: 22 },
        name: { type: 'string', id: 23 },
        doubleCounterValue: { type: 'double', id: 44 },
      },
      nested: {
        Type: { values: { UNSPECIFIED: 0, SLICE_BEGIN: 1, SLICE_END: 2, INSTANT: 3, COUNTER: 4 } },
      },
    },
    DebugAnnotation: {
      edition,
      fields: {
        boolValue: { type: 'bool', id: 2 },
        intValue: { type: 'int64', id: 4 },
        doubleValue: { type: 'double', id: 5 },
        stringValue: { type: 'string', id: 6 },
        name: { type: 'string', id: 10 },
        arrayValues: { rule: 'repeated', type: 'DebugAnnotation', id: 12 },
      },
    },
  },
})

export const traceType = root.lookupType('Trace')
