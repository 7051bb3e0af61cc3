import { expect, test } from 'vitest'
import { DeviceClock } from '../src/device/clock'

function clocks(startMs = 1_000_000) {
  let boots = 0
  const time = { wallMs: startMs, monotonicMs: 0 }
  return {
    time,
    pass: (ms: number) => {
      time.wallMs += ms
      time.monotonicMs += ms
    },
    clocks: {
      wall: () => time.wallMs,
      monotonic: () => time.monotonicMs,
      newBoot: () => `boot-${String(++boots)}`,
    },
  }
}
const at = (ms: number) => new Date(ms).toISOString()

test('the platform’s time is learned from the exchange that bounds it best', () => {
  const { clocks: own, pass } = clocks()
  const clock = new DeviceClock(own)
  pass(100)
  clock.learn(at(5_000_050), 0)
  expect(clock.platformMs()).toBe(5_000_100)
  const sent = clock.read().uptimeMs
  pass(10_000)
  clock.learn(at(6_000_000), sent)
  expect(clock.platformMs()).toBe(5_010_100)
})

test('a wall clock in step with the platform counts as synced, another one does not', () => {
  const { clocks: own } = clocks()
  const clock = new DeviceClock(own)
  expect(clock.read().state).toBe('free')
  clock.learn(at(1_000_500), 0)
  expect(clock.read().state).toBe('synced')
  const { clocks: wrong } = clocks()
  const other = new DeviceClock(wrong)
  other.learn(at(9_000_000), 0)
  expect(other.read().state).toBe('free')
})

test('after a sleep that the uptime did not count another boot begins', () => {
  const { clocks: own, pass, time } = clocks()
  const clock = new DeviceClock(own)
  pass(1_000)
  const before = clock.read()
  time.wallMs += 60_000
  const after = clock.read()
  expect(after.boot).not.toBe(before.boot)
  expect(after.uptimeMs).toBe(0)
  expect(clock.lastSample).toBeNull()
})

test('a wall clock that was set back begins no boot, and hides no later sleep', () => {
  const { clocks: own, pass, time } = clocks()
  const clock = new DeviceClock(own)
  const { boot } = clock.read()
  clock.learn(at(5_000_000), 0)
  time.wallMs -= 3_600_000
  pass(1_000)
  expect(clock.read()).toMatchObject({ boot, uptimeMs: 1_000 })
  expect(clock.platformMs()).toBe(5_001_000)
  time.wallMs += 60_000
  expect(clock.read()).not.toMatchObject({ boot })
  expect(clock.knowsPlatform).toBe(false)
})

test('a world that runs faster is counted faster', () => {
  const { clocks: own, pass } = clocks()
  const clock = new DeviceClock(own, 60)
  pass(1_000)
  expect(clock.read().uptimeMs).toBe(60_000)
})

test('a speed that is learned late begins another boot, which counts by it', () => {
  const { clocks: own, pass } = clocks()
  const clock = new DeviceClock(own)
  const before = clock.read().boot
  clock.learn(at(5_000_000), 0)
  pass(1_000)
  clock.runAt(60)
  expect(clock.knowsPlatform).toBe(false)
  pass(1_000)
  const { boot, uptimeMs } = clock.read()
  expect(boot).not.toBe(before)
  expect(uptimeMs).toBe(60_000)
  clock.runAt(60)
  expect(clock.read().boot).toBe(boot)
})
