/**
 * Checks values against the JSON Schemas of the product, in the few words that those use.
 *
 * A schema with a word that is not known here is a mistake of ours and throws: nothing passes unchecked.
 */

import { SCHEMAS } from './generated'

type Schema = Readonly<Record<string, unknown>>

const PATTERNS = new Map<string, RegExp>()
const KNOWN = new Set(
  (
    '$ref anyOf const enum type properties required additionalProperties items minItems maxItems ' +
    'minLength maxLength pattern format minimum maximum'
  ).split(' '),
)

/** Returns what is wrong with `value`, or null. `name` is a key of SCHEMAS. */
export function fault(name: string, value: unknown): string | null {
  return faultAt(named(name), value, name)
}

function named(name: string): Schema {
  const schema = SCHEMAS[name]
  if (schema === undefined) throw new Error(`no schema is called ${name}`)
  return schema as Schema
}

function faultAt(schema: Schema, value: unknown, at: string): string | null {
  for (const word of Object.keys(schema)) {
    if (!KNOWN.has(word)) throw new Error(`the word ${word} of the schema at ${at} is not known`)
  }
  if (typeof schema.$ref === 'string') {
    return faultAt(named(schema.$ref.slice('#/$defs/'.length)), value, at)
  }
  if (Array.isArray(schema.anyOf)) {
    const faults = (schema.anyOf as Schema[]).map((option) => faultAt(option, value, at))
    return faults.includes(null) ? null : (faults[0] ?? null)
  }
  if ('const' in schema && schema.const !== value) return `${at} is not ${JSON.stringify(schema.const)}`
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return `${at} is not a word that is known`
  return faultOfType(schema, value, at)
}

function faultOfType(schema: Schema, value: unknown, at: string): string | null {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? faultOfText(schema, value, at) : `${at} is not text`
    case 'integer':
      return Number.isSafeInteger(value) ? faultOfNumber(schema, value as number, at) : `${at} is no integer`
    case 'boolean':
      return typeof value === 'boolean' ? null : `${at} is neither true nor false`
    case 'null':
      return value === null ? null : `${at} is not null`
    case 'array':
      return Array.isArray(value) ? faultOfList(schema, value, at) : `${at} is no list`
    case 'object':
      return isRecord(value) ? faultOfRecord(schema, value, at) : `${at} is no object`
    case undefined:
      return null
    default:
      throw new Error(`the type of the schema at ${at} is not known`)
  }
}

function faultOfText(schema: Schema, value: string, at: string): string | null {
  if (typeof schema.minLength === 'number' && value.length < schema.minLength) return `${at} is too short`
  if (typeof schema.maxLength === 'number' && value.length > schema.maxLength) return `${at} is too long`
  if (typeof schema.pattern === 'string' && !pattern(schema.pattern).test(value)) return `${at} is malformed`
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) return `${at} is no time`
  return null
}

function faultOfNumber(schema: Schema, value: number, at: string): string | null {
  if (typeof schema.minimum === 'number' && value < schema.minimum) return `${at} is too small`
  if (typeof schema.maximum === 'number' && value > schema.maximum) return `${at} is too large`
  return null
}

function faultOfList(schema: Schema, value: readonly unknown[], at: string): string | null {
  if (typeof schema.minItems === 'number' && value.length < schema.minItems) return `${at} has too few items`
  if (typeof schema.maxItems === 'number' && value.length > schema.maxItems) return `${at} has too many items`
  if (!isRecord(schema.items)) return null
  for (const [index, item] of value.entries()) {
    const found = faultAt(schema.items, item, `${at}[${index}]`)
    if (found !== null) return found
  }
  return null
}

function faultOfRecord(schema: Schema, value: Schema, at: string): string | null {
  for (const name of (schema.required as string[] | undefined) ?? []) {
    if (!(name in value)) return `${at}.${name} is missing`
  }
  for (const [name, member] of Object.entries(
    (schema.properties as Record<string, Schema> | undefined) ?? {},
  )) {
    if (!(name in value)) continue
    const found = faultAt(member, value[name], `${at}.${name}`)
    if (found !== null) return found
  }
  return null
}

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function pattern(text: string): RegExp {
  let found = PATTERNS.get(text)
  if (found === undefined) PATTERNS.set(text, (found = new RegExp(text)))
  return found
}
