import { expect, it } from 'vitest'
import { modulesInLoadingOrder } from '../../lab/initramfs.ts'

const modulesDep = `kernel/net/9p/9pnet.ko.xz:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/virtio/virtio.ko.xz:
kernel/drivers/virtio/virtio_ring.ko.xz: kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/net/net-failover.ko:
`

it('loads what a module depends on first, and each once', () => {
  expect(modulesInLoadingOrder(modulesDep, ['9pnet_virtio', 'virtio', 'net_failover'])).toEqual([
    'kernel/net/9p/9pnet.ko.xz',
    'kernel/drivers/virtio/virtio.ko.xz',
    'kernel/drivers/virtio/virtio_ring.ko.xz',
    'kernel/net/9p/9pnet_virtio.ko.xz',
    'kernel/drivers/net/net-failover.ko',
  ])
})

it('leaves out what is built into the kernel', () => {
  expect(modulesInLoadingOrder(modulesDep, ['overlay'])).toEqual([])
})
