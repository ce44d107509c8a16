import { expect, it } from 'vitest'
import { checkoutRoot, labFile } from '../../lab/checkout.ts'
import { labKernel } from '../../lab/kernels.ts'

it('names the choices when there is no such kernel', () => {
  expect(labKernel('6.12').suite).toBe('trixie')
  expect(() => labKernel('5.4')).toThrow('The lab has no kernel "5.4". Choose one of 5.10, 6.1, 6.12, 7.2.')
})

it('finds the clone from wherever the program lies in it', () => {
  expect(checkoutRoot(labFile('scenarios'))).toBe(checkoutRoot())
  expect(() => checkoutRoot('/')).toThrow(/complete clone/)
})
