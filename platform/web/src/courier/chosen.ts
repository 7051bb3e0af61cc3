/** Which banks are ticked while those in the courier's hands change. */

/**
 * Returns the banks that are meant after those in hand have changed.
 *
 * Banks that come to light are meant, until the courier says otherwise; once a part is put back, the rest is.
 */
export function meant(chosen: string[], before: readonly string[], inHands: readonly string[]): string[] {
  const gone = before.filter((bank) => !inHands.includes(bank))
  const fresh = inHands.filter((bank) => !before.includes(bank))
  if (gone.length === 0 && fresh.length === 0) return chosen
  const kept = chosen.filter((bank) => !gone.includes(bank))
  return [...new Set([...kept, ...(gone.length > 0 ? inHands : fresh)])]
}
