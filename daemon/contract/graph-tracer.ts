/**
 * Who is blamed where the return trampoline of the function graph tracer is on a stack (kernel/trace/fgraph.c; the
 * trampoline, return_to_handler, stands in arch/x86/kernel/ftrace_64.S).
 */
export const graphTracer = 'the function graph tracer'
