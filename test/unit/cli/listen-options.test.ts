import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { defaultListen, parseListen } from '../../../daemon/cli/listen-options.ts'

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:8686', { host: '127.0.0.1', port: 8686 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    [':8686', { host: '0.0.0.0', port: 8686 }],
    ['[::1]:8686', { host: '::1', port: 8686 }],
    ['[::]:0', { host: '::', port: 0 }],
  ])('%s', (text, address) => expect(parseListen(text)).toEqual(address))

  it.each([
    '',
    '8686',
    'localhost',
    'localhost:',
    'localhost:http',
    'localhost:65536',
    '::1:8686',
    'a:b:1',
    'h:-1',
    '[::1]8686',
    'h:1 ',
  ])('refuses %j and shows how it has to look', (text) => {
    expect(() => parseListen(text)).toThrow(InvalidArgumentError)
    expect(() => parseListen(text)).toThrow(defaultListen)
  })
})
