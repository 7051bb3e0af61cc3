/** What makes a courier's page nicer and is not needed: prices and the names of cabinets, kept for when no network is. */

import { between, type Point } from '../map/geo'
import type { CabinetBody, TariffBody } from '../session/bodies'
import { session } from '../session/session.svelte'
import { keep, kept } from '../storage/database'

interface Kept {
  readonly tariff: TariffBody | null
  readonly cabinets: readonly CabinetBody[]
  /** Refusals that the courier has put away. */
  readonly seen: readonly string[]
}

const NAME = 'courier:facts'
const RADIUS_M = 20_000
// So far from where the names were learned others are near.
const ELSEWHERE_M = RADIUS_M / 2
const MOST_SEEN = 50

export class Facts {
  tariff = $state.raw<TariffBody | null>(null)
  cabinets = $state.raw<readonly CabinetBody[]>([])
  seen = $state.raw<ReadonlySet<string>>(new Set())
  /** Where the names were learned, or are being learned. */
  #namesAt: Point | null = null
  #hasPrices = false

  private constructor(private readonly database: IDBDatabase) {}

  static async open(database: IDBDatabase): Promise<Facts> {
    const facts = new Facts(database)
    const known = (await kept(database, NAME)) as Kept | undefined
    facts.tariff = known?.tariff ?? null
    facts.cabinets = known?.cabinets ?? []
    facts.seen = new Set(known?.seen)
    return facts
  }

  /**
   * Asks for the prices, and for the names around a place as soon as it is known; whatever fails, the page works.
   *
   * To be called again whenever the place or the network has changed: it asks for what is missing.
   */
  async learn(place: Point | null): Promise<void> {
    const notLearned = (error: unknown) => console.info('not learned:', error)
    const names = place === null ? null : this.#learnNames(place)
    await Promise.all([this.#learnPrices().catch(notLearned), names?.catch(notLearned)])
  }

  /** Puts a refusal away. */
  dismiss(event: string): void {
    this.seen = new Set([...this.seen, event])
    this.#remember().catch((error: unknown) => console.error(error))
  }

  nameOf(cabinet: string): string | null {
    return this.cabinets.find((one) => one.cabinet === cabinet)?.name ?? null
  }

  /** Returns the name of the cabinet that stands exactly there. */
  nameAt({ lat_e7, lon_e7 }: { lat_e7: number; lon_e7: number }): string | null {
    const isThere = (one: CabinetBody) =>
      Math.abs(one.lat - lat_e7 / 1e7) < 1e-6 && Math.abs(one.lon - lon_e7 / 1e7) < 1e-6
    return this.cabinets.find(isThere)?.name ?? null
  }

  async #learnPrices(): Promise<void> {
    if (this.#hasPrices) return
    this.#hasPrices = true
    try {
      this.tariff = await session.call<TariffBody>('/v1/tariff')
      await this.#remember()
    } catch (error) {
      this.#hasPrices = false
      throw error
    }
  }

  async #learnNames(place: Point): Promise<void> {
    if (this.#namesAt !== null && between(this.#namesAt, place) <= ELSEWHERE_M) return
    this.#namesAt = place
    try {
      const { cabinets } = await session.call<{ cabinets: readonly CabinetBody[] }>(
        `/v1/cabinets?lat=${place.lat}&lon=${place.lon}&radius_m=${RADIUS_M}`,
      )
      // Names that are known are of use, also where no cabinet is near.
      if (this.#namesAt !== place || cabinets.length === 0) return
      this.cabinets = cabinets
      await this.#remember()
    } catch (error) {
      if (this.#namesAt === place) this.#namesAt = null
      throw error
    }
  }

  async #remember(): Promise<void> {
    const facts: Kept = {
      tariff: this.tariff,
      cabinets: [...this.cabinets],
      seen: [...this.seen].slice(-MOST_SEEN),
    }
    await keep(this.database, NAME, facts)
  }
}
