export * from './event.ts'
export * from './finding.ts'
export * from './message.ts'
export * from './state.ts'
