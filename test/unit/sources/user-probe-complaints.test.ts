import { describe, expect, it } from 'vitest'
import { createUserProbeComplaints } from '../../../daemon/sources/user-probe-complaints.ts'

describe('what bpftrace complained of', () => {
  const complaintsOf = (...pieces: string[]) => {
    const complaints = createUserProbeComplaints()
    for (const piece of pieces) complaints.read(Buffer.from(piece))
    return complaints
  }

  it('is what it wrote since it was started last, wherever a pipe cuts it', () => {
    const complaints = complaintsOf('ERROR: first\nunended', '\nklpscope: sta', 'rted\nERROR: second\n')
    expect(complaints.whyEnded(1, 'mine.bt')).toMatch(
      /^bpftrace ended \(exit code 1\): ERROR: second; correct/,
    )
  })

  it('is so also when an earlier one wrote more than is kept', () => {
    const complaints = complaintsOf('a\n'.repeat(1_000), '\nklpscope: started\nERROR: second\n')
    expect(complaints.whyEnded(1, 'mine.bt')).toContain(': ERROR: second;')
  })

  it('is not asked for by a word of its own that looks like the mark', () => {
    const complaints = complaintsOf('ERROR: x\nERROR: klpscope: started\n')
    expect(complaints.whyEnded(1, 'mine.bt')).toContain(': ERROR: x;')
  })
})
