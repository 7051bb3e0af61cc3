/** Texts with blanks, and with the forms that go with a number. */

export type Values = Readonly<Record<string, string | number>>

/** Returns a text with `{name}` filled in, and for `{name|slot|slots}` the form that goes with that number. */
export function filled(text: string, values: Values, language: string): string {
  return text.replace(
    /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g,
    (whole, name: string, one?: string, other?: string) => {
      const value = values[name]
      if (value === undefined) return whole
      if (one === undefined || other === undefined) return String(value)
      return new Intl.PluralRules(language).select(Number(value)) === 'one' ? one : other
    },
  )
}
