import { expect, test } from 'vitest'
import { fault } from '../src/protocol/check'
import { decode, encode, Refused } from '../src/protocol/envelope'
import { SCHEMAS, TOPICS } from '../src/protocol/generated'
import { placeOf, topic } from '../src/protocol/topics'

const bytes = (text: string) => new TextEncoder().encode(text)
const attributes = { id: 'm-1', source: 'courier/cou-1', time: '2026-11-23T12:00:00.000Z' }
const place = topic('courier_event', { region: 'demo', courier: 'cou-1' })
const declined = encode('chargeloop.courier.offer_declined.v1', { offer: 'off-1' }, attributes)

test('what is encoded is taken on its own topic', () => {
  const arrived = decode(place, bytes(declined))
  expect(arrived.message).toMatchObject({
    type: 'chargeloop.courier.offer_declined.v1',
    data: { offer: 'off-1' },
  })
  expect(arrived.ids).toEqual({ region: 'demo', courier: 'cou-1' })
})

test.each([
  ['no JSON', place, '{'],
  ['a message of another topic', topic('courier_work', { region: 'demo', courier: 'cou-1' }), declined],
  ['a message of another sender', topic('courier_event', { region: 'demo', courier: 'cou-2' }), declined],
  ['data of the wrong kind', place, declined.replace('"off-1"', '7')],
  ['an id of another kind', place, declined.replace('off-1', 'job-1')],
  ['no time', place, declined.replace('2026-11-23T12:00:00.000Z', 'noon')],
  ['a topic that is in no table', 'cl/v1/demo/courier/cou-1/diary', declined],
])('%s is refused', (_, name, payload) => {
  expect(() => decode(name, bytes(payload))).toThrow(Refused)
})

test('a message that receivers would refuse is not sent', () => {
  expect(() => encode('chargeloop.courier.offer_declined.v1', { offer: 'nothing' }, attributes)).toThrow(
    Refused,
  )
})

test('members that are newer than us are passed over', () => {
  expect(() => decode(place, bytes(declined.replace('{"spec', '{"newer":1,"spec')))).not.toThrow()
})

test('every schema of the product is understood', () => {
  // A word that the check does not know throws, whatever the value is.
  for (const name of Object.keys(SCHEMAS)) expect(() => fault(name, {})).not.toThrow()
})

test('every topic is recognised by what it was made from', () => {
  for (const name of Object.keys(TOPICS) as (keyof typeof TOPICS)[]) {
    const ids: Record<string, string> = {}
    for (const [, id = ''] of TOPICS[name].pattern.matchAll(/\{(\w+)\}/g)) ids[id] = `x-${id}`
    expect(placeOf(topic(name, ids))).toEqual({ name, ids })
  }
})
