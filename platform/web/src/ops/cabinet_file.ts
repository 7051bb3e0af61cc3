/** What the gateway tells operators of one cabinet. */

import type { CabinetBody, OrderEvent } from '../session/bodies'
import type { CommandTold } from './commands'

export interface Hold {
  readonly reservation: string
  readonly order: string
  readonly kind: string
  readonly state: string
  readonly quantity: number
  readonly filled: number
  readonly until: string
}

export interface PastEvent extends OrderEvent {
  readonly order: string
}

export interface CabinetFile extends CabinetBody {
  readonly holds?: readonly Hold[] | null
  readonly commands?: readonly CommandTold[] | null
  readonly history?: readonly PastEvent[] | null
}
