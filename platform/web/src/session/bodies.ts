/** What the gateway answers over HTTP, as far as the pages read it. */

import type { Point } from '../map/geo'

/** The operator's map of the real city. */
export interface Basemap {
  readonly kind: 'style' | 'tiles' | 'pmtiles'
  readonly url: string
  /** Whom it must name besides those that it names itself. */
  readonly attribution: string
}

export interface Money {
  readonly amount_minor: number
  readonly currency: string
}

export interface TariffBody {
  readonly version: string
  readonly name: string
  readonly currency: string
  readonly rental: {
    readonly free_minutes: number
    readonly unit_minutes: number
    readonly price: Money
    readonly cap_per_24h: Money | null
    readonly total_cap: Money | null
    readonly buyout_after_minutes: number | null
  }
  readonly courier: {
    readonly base: Money
    readonly per_minute: Money
    readonly promised_minutes: number
    readonly maximum: Money
  }
  readonly words: { readonly en: readonly string[]; readonly zh: readonly string[] }
}

export interface Estimate {
  readonly estimate: Money
  readonly maximum: Money | null
}

export interface Fees {
  readonly courier_out: Estimate
  readonly rental: Estimate
  readonly courier_back: Estimate
  readonly total: Estimate
}

export interface CabinetBody {
  readonly cabinet: string
  readonly name: string
  readonly lat: number
  readonly lon: number
  readonly distance_m: number | null
  readonly usable: boolean
  /** When the platform heard it last; null: never yet. A gateway of before does not say. */
  readonly last_seen?: string | null
  readonly ready_banks: number
  readonly free_slots: number
}

export interface QuoteBody extends Fees {
  /** How long a rental the fees are for; a gateway of before does not say. */
  readonly rental_minutes?: number
  readonly quantity: number
  readonly hand_over: 'courier' | 'walk_up'
  readonly cabinet: string | null
  readonly distance_m: number | null
  readonly available: number
  readonly cabinets: readonly CabinetBody[]
  readonly walk_up: Fees
  readonly tariff: TariffBody
}

export interface OrderEvent {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly received: string
  readonly quality: string
  /** The facts of the entry; which, depends on its type. */
  readonly detail?: Readonly<Record<string, unknown>>
}

export interface FeeLine {
  readonly id: string
  readonly fee: string
  readonly bank: string | null
  readonly from_time: string
  readonly to_time: string
  readonly amount_minor: number
  readonly currency: string
  readonly quality: string
  readonly reverses: string | null
}

export interface OrderSummary {
  readonly id: string
  readonly user?: string
  readonly state: string
  readonly quantity: number
  readonly banks: readonly string[]
  readonly hand_over: string
  readonly cabinet: string | null
  readonly courier: string | null
  /** What it had to do with last; a gateway of before does not say, nor the place. */
  readonly last_cabinet?: string | null
  readonly last_courier?: string | null
  /** Where it was ordered to. */
  readonly place?: Point
  readonly handover_code: string | null
  readonly reason: string | null
  readonly placed: string
  readonly changed: string
}

/** Where an order stands after a request about it. */
export interface DoneBody {
  readonly id: string
  readonly state: string
}

export interface DisputeBody {
  readonly id: string
  readonly bank: string | null
  readonly text: string
  readonly opened: string
  readonly answer: string | null
}

export interface OrderBody extends OrderSummary {
  readonly events: readonly OrderEvent[]
  readonly fee_lines: readonly FeeLine[]
  readonly total: Money
  readonly rules: TariffBody
  /** A gateway of before has none. */
  readonly disputes?: readonly DisputeBody[]
}

export interface TripBody {
  readonly job: string
  readonly kind: 'outward' | 'back'
  readonly quantity: number
  readonly taken: string | null
  readonly done: string | null
  readonly amount: Money | null
}

/** The courier who comes: where they were last, and the whole way that is left. */
export interface ApproachBody {
  readonly courier: string
  readonly lat: number
  readonly lon: number
  readonly by_cabinet: string | null
  readonly distance_m: number
  readonly minutes: number
}
