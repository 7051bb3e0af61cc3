// Made from the models of the product by tools/web_types.py; do not edit it.

export interface Envelope {
  specversion?: "1.0";
  id: string;
  source: string;
  type: string;
  time: string;
  subject?: string | null;
  datacontenttype?: "application/json";
  journalid?: string | null;
  seq?: number | null;
  keptfrom?: number | null;
  bootid?: string | null;
  uptimems?: string | null;
  clockstate?: ClockState | null;
  correlationid?: string | null;
  causationid?: string | null;
  expirytime?: string | null;
  data: Record<string, unknown>;
}

export interface AnswerDispute {
  operator: string;
  order: string;
  dispute: string;
  text: string;
}

export interface ArrivedAtCabinet {
  job: string;
}

export interface ArrivedAtUser {
  job: string;
}

export interface BankEjected {
  slot: number;
  bank: string;
  reservation?: string | null;
  command?: string | null;
  charge_pct?: number;
}

export interface BankInserted {
  bank: BankStatus;
  code?: string | null;
}

export interface BankReturned {
  slot: number;
  bank: string;
  reservation?: string | null;
  charge_pct?: number;
}

export interface BankStatus {
  bank: string;
  charge_pct: number;
  health_pct: number;
  temperature_c: number;
  cycles: number;
}

export interface BanksCollected {
  job: string;
  order: string;
  banks: readonly (string)[];
}

export interface BanksPickedUp {
  job: string;
  order: string;
  banks: readonly (string)[];
}

export interface Booted {
  cause: string;
  firmware: string;
  interrupted?: readonly (string)[];
  command?: string | null;
}

export type CabinetAction = "lock" | "unlock" | "inventory" | "release" | "eject" | "reboot";

export interface CabinetAnswered {
  accepted: boolean;
  display: string;
  banks?: readonly (BankStatus)[];
}

export interface CabinetCommanded {
  cabinet: string;
  command: string;
  expires: string;
}

export interface CabinetInfo {
  name: string;
  location: Location;
  slots: number;
  model: string;
  firmware: string;
  commands?: readonly (string)[];
}

export type CabinetReason = "not_enough_banks" | "not_enough_slots" | "unknown_reservation" | "stale_epoch" | "busy" | "jam" | "no_bank_in_slot" | "slot_taken" | "slot_held" | "unreadable_bank" | "power_cut" | "operator";

export interface CancelOrder {
  user: string;
  order: string;
  reason?: string;
}

export type ClockState = "unset" | "free" | "synced" | "inferred";

export interface CodeTyped {
  code: string;
}

export interface Collected {
  job: string;
  code: string;
  banks: readonly (string)[];
}

export interface CommandCabinet {
  operator: string;
  cabinet: string;
  action: CabinetAction;
  slot?: number | null;
  reservation?: string | null;
  reason: string;
}

export interface CommandFinished {
  command: string;
  epoch: number;
  outcome: Outcome;
  reason?: CabinetReason | null;
  available?: number | null;
  reservation?: string | null;
  slots?: readonly (SlotContent)[];
}

export interface ConnectionState {
  state: Presence;
  connection_epoch: number;
}

export interface CourierGaveUp {
  job: string;
  order: string;
  courier: string;
  reason: string;
  banks?: readonly (string)[];
  offered_again: boolean;
}

export interface CourierProgressed {
  job: string;
  order: string;
  milestone: string;
}

export interface Delivered {
  job: string;
  code: string;
  banks: readonly (string)[];
}

export interface DeliveryCancelled {
  job: string;
  reason: string;
  cabinet?: string | null;
  cabinet_location?: Location | null;
  reservation?: string | null;
  code?: string | null;
}

export interface DeliveryFailed {
  job: string;
  order: string;
  why: JobEnd;
  banks?: readonly (string)[];
}

export interface DeliveryProblem {
  job: string;
  order: string;
  problem: Problem;
}

export interface DeliveryRedirected {
  job: string;
  quantity: number;
  cabinet: string;
  cabinet_location: Location;
  reservation: string;
  code: string;
}

export interface DoorAnswered {
  present: boolean;
  code?: string | null;
  banks?: readonly (BankStatus)[];
}

export interface DutyChanged {
  on_duty: boolean;
  location: Location;
}

export interface EjectBanks {
  reservation: string;
  epoch: number;
}

export interface EjectFailed {
  slot: number;
  bank?: string | null;
  reservation?: string | null;
  reason: CabinetReason;
}

export interface EndOrder {
  operator: string;
  order: string;
  reason: string;
}

export type Evidence = "phone" | "cabinet";

export interface FirstIndication {
  job: string;
  order: string;
  courier: string;
}

export interface GaveUp {
  job: string;
  reason: string;
  banks?: readonly (string)[];
}

export type HandOver = "courier" | "walk_up";

export type HoldEnd = "fulfilled" | "released" | "expired";

export interface InventoryReported {
  command?: string | null;
  slots: readonly (SlotStatus)[];
}

export type JobEnd = "no_courier" | "cancelled" | "gave_up_with_banks" | "wrong_codes";

export interface JobOffered {
  offer: string;
  job: string;
  leg: LegKind;
  quantity: number;
  cabinet_location: Location;
  user_location: Location;
  distance_m: number;
  pay_minor: number;
  pay_max_minor: number;
  currency: string;
}

export type JobStep = "to_cabinet" | "at_cabinet" | "to_user" | "at_user" | "bring_back";

export interface JournalAck {
  journal: string;
  seq: number;
  gap?: boolean;
}

export interface KeypadLocked {
  wrong_codes: number;
  until: string;
}

export interface Knocked {
  job: string;
  delivering: boolean;
  banks?: readonly (BankStatus)[];
}

export type LegKind = "outward" | "back";

export interface Location {
  lat_e7: number;
  lon_e7: number;
}

export interface LockSlot {
  slot: number;
  epoch: number;
  locked: boolean;
}

export interface OfferAccepted {
  offer: string;
}

export interface OfferClosed {
  offer: string;
  why: OfferEnd;
}

export interface OfferDeclined {
  offer: string;
}

export type OfferEnd = "taken" | "expired" | "declined" | "withdrawn" | "accepted";

export interface OpenDispute {
  user: string;
  order: string;
  bank?: string | null;
  text: string;
}

export interface OrderMoved {
  order: string;
  event: string;
  from_state?: OrderState | null;
  to_state: OrderState;
  reason?: string | null;
}

export type OrderState = "reserving" | "dispatching" | "fetching" | "delivering" | "unlocking" | "in_use" | "return_reserving" | "return_dispatching" | "collecting" | "returning" | "recalling" | "settled" | "cancelled" | "failed";

export interface OrderView {
  order: string;
  state: OrderState;
  quantity: number;
  banks?: readonly (string)[];
  hand_over: HandOver;
  cabinet?: string | null;
  cabinet_location?: Location | null;
  courier?: string | null;
  handover_code?: string | null;
  reason?: string | null;
  placed: string;
  changed: string;
}

export type Outcome = "done" | "refused" | "expired" | "failed";

export interface PickedUp {
  job: string;
  banks: readonly (string)[];
}

export interface PickupFinished {
  reservation: string;
  ejected: number;
  missing: number;
}

export interface PickupStarted {
  reservation: string;
  by: string;
}

export interface PlaceOrder {
  user: string;
  location: Location;
  quantity: number;
  accept_fewer?: boolean;
  hand_over?: HandOver;
  cabinet?: string | null;
}

export interface Position {
  location: Location;
}

export type Presence = "online" | "offline";

export type Problem = "user_absent" | "cabinet_gave_nothing" | "cabinet_takes_nothing";

export interface ProblemReported {
  job: string;
  problem: Problem;
}

export interface PutBack {
  job: string;
  banks: readonly (string)[];
}

export interface Quarantined {
  on_topic: string;
  fault: string;
  detail: string;
  size: number;
  payload_sha256: string;
}

export interface Reboot {
  epoch: number;
}

export interface Refusal {
  event: string;
  reason: string;
}

export type RefusalCode = "not_enough_banks" | "no_cabinet_near" | "no_room_near" | "cabinet_offline" | "not_supported" | "unknown_cabinet" | "unknown_order" | "not_yours" | "unknown_dispute" | "unknown_line" | "wrong_state" | "too_many" | "key_reused" | "invalid";

export interface ReleaseReservation {
  reservation: string;
  epoch: number;
}

export interface RentalRequested {
  job: string;
  order: string;
  user: string;
  user_location: Location;
  quantity: number;
  cabinet: string;
  cabinet_location: Location;
  reservation: string;
  code: string;
  handover_sha256: string;
  deliver_by: string;
  pay_minor: number;
  pay_max_minor: number;
  currency: string;
}

export interface RentalSucceeded {
  job: string;
  order: string;
  banks: readonly (string)[];
}

export interface ReportInventory {
  epoch: number;
}

export interface RequestDone {
  order: string;
  state: OrderState;
  quantity: number;
}

export interface RequestRefused {
  code: RefusalCode;
  detail: string;
  available?: number | null;
}

export interface RequestReturn {
  user: string;
  order: string;
  location: Location;
  quantity: number;
}

export interface ReservationEnded {
  reservation: string;
  why: HoldEnd;
}

export interface ReserveBanks {
  reservation: string;
  epoch: number;
  quantity: number;
  min_charge_pct: number;
  hold_until: string;
  code: string;
}

export interface ReserveSlots {
  reservation: string;
  epoch: number;
  quantity: number;
  hold_until: string;
  code: string;
}

export interface ReturnRejected {
  slot?: number | null;
  bank?: string | null;
  reservation?: string | null;
  reason: CabinetReason;
}

export interface ReturnRequested {
  job: string;
  order: string;
  user: string;
  user_location: Location;
  quantity: number;
  cabinet: string;
  cabinet_location: Location;
  reservation: string;
  code: string;
  handover_sha256: string;
  deliver_by: string;
  pay_minor: number;
  pay_max_minor: number;
  currency: string;
}

export interface ReturnSucceeded {
  job: string;
  order: string;
  banks: readonly (string)[];
  evidence: Evidence;
}

export interface SecondIndication {
  job: string;
  order: string;
  courier: string;
}

export interface ServiceStats {
  received: number;
  published: number;
  duplicates: number;
  quarantined: number;
  outbox: number;
}

export interface SlotChanged {
  slot: number;
  state: SlotState;
  reason?: CabinetReason | null;
}

export interface SlotContent {
  slot: number;
  bank?: string | null;
}

export interface SlotReading {
  slot: number;
  charge_pct?: number | null;
  temperature_c?: number | null;
}

export type SlotState = "empty" | "charging" | "ready" | "reserved" | "ejecting" | "faulty" | "locked";

export interface SlotStatus {
  slot: number;
  state: SlotState;
  bank?: BankStatus | null;
  reservation?: string | null;
}

export interface SlotsSnapshot {
  version: number;
  journal: string;
  after_seq: number;
  slots: readonly (SlotStatus)[];
}

export interface SyncSample {
  platform_time: string;
  sent_uptime_ms: number;
  received_uptime_ms: number;
}

export interface Telemetry {
  power_w: number;
  slots?: readonly (SlotReading)[];
}

export interface TimeProbe {
  sent_uptime_ms: number;
  previous?: SyncSample | null;
}

export interface TimeReply {
  platform_time: string;
  sent_uptime_ms: number;
}

export interface TrayReached {
}

export interface UserOrders {
  version: number;
  orders?: readonly (OrderView)[];
}

export interface WaiveFee {
  operator: string;
  order: string;
  line: string;
  reason: string;
}

export interface Work {
  version: number;
  on_duty: boolean;
  jobs?: readonly (WorkJob)[];
  refusals?: readonly (Refusal)[];
}

export interface WorkJob {
  job: string;
  leg: LegKind;
  step: JobStep;
  quantity: number;
  cabinet: string;
  cabinet_location: Location;
  user: string;
  user_location: Location;
  reservation: string;
  code: string;
  banks?: readonly (string)[];
  deliver_by: string;
}

/** The data of each message type. */
export interface MessageTypes {
  "chargeloop.common.connection_state.v1": ConnectionState;
  "chargeloop.common.journal_ack.v1": JournalAck;
  "chargeloop.common.time_probe.v1": TimeProbe;
  "chargeloop.common.time_reply.v1": TimeReply;
  "chargeloop.cabinet.info.v1": CabinetInfo;
  "chargeloop.cabinet.slots_snapshot.v1": SlotsSnapshot;
  "chargeloop.cabinet.telemetry.v1": Telemetry;
  "chargeloop.cabinet.booted.v1": Booted;
  "chargeloop.cabinet.command_finished.v1": CommandFinished;
  "chargeloop.cabinet.reservation_ended.v1": ReservationEnded;
  "chargeloop.cabinet.pickup_started.v1": PickupStarted;
  "chargeloop.cabinet.bank_ejected.v1": BankEjected;
  "chargeloop.cabinet.eject_failed.v1": EjectFailed;
  "chargeloop.cabinet.pickup_finished.v1": PickupFinished;
  "chargeloop.cabinet.bank_returned.v1": BankReturned;
  "chargeloop.cabinet.return_rejected.v1": ReturnRejected;
  "chargeloop.cabinet.slot_changed.v1": SlotChanged;
  "chargeloop.cabinet.keypad_locked.v1": KeypadLocked;
  "chargeloop.cabinet.inventory_reported.v1": InventoryReported;
  "chargeloop.cabinet.reserve_banks.v1": ReserveBanks;
  "chargeloop.cabinet.reserve_slots.v1": ReserveSlots;
  "chargeloop.cabinet.release_reservation.v1": ReleaseReservation;
  "chargeloop.cabinet.eject_banks.v1": EjectBanks;
  "chargeloop.cabinet.report_inventory.v1": ReportInventory;
  "chargeloop.cabinet.lock_slot.v1": LockSlot;
  "chargeloop.cabinet.reboot.v1": Reboot;
  "chargeloop.courier.position.v1": Position;
  "chargeloop.courier.duty_changed.v1": DutyChanged;
  "chargeloop.courier.offer_accepted.v1": OfferAccepted;
  "chargeloop.courier.offer_declined.v1": OfferDeclined;
  "chargeloop.courier.arrived_at_cabinet.v1": ArrivedAtCabinet;
  "chargeloop.courier.picked_up.v1": PickedUp;
  "chargeloop.courier.arrived_at_user.v1": ArrivedAtUser;
  "chargeloop.courier.delivered.v1": Delivered;
  "chargeloop.courier.collected.v1": Collected;
  "chargeloop.courier.put_back.v1": PutBack;
  "chargeloop.courier.gave_up.v1": GaveUp;
  "chargeloop.courier.problem_reported.v1": ProblemReported;
  "chargeloop.courier.job_offered.v1": JobOffered;
  "chargeloop.courier.offer_closed.v1": OfferClosed;
  "chargeloop.courier.work.v1": Work;
  "chargeloop.delivery.rental_requested.v1": RentalRequested;
  "chargeloop.delivery.return_requested.v1": ReturnRequested;
  "chargeloop.delivery.redirected.v1": DeliveryRedirected;
  "chargeloop.delivery.cancelled.v1": DeliveryCancelled;
  "chargeloop.delivery.first_indication.v1": FirstIndication;
  "chargeloop.delivery.second_indication.v1": SecondIndication;
  "chargeloop.delivery.courier_progressed.v1": CourierProgressed;
  "chargeloop.delivery.banks_picked_up.v1": BanksPickedUp;
  "chargeloop.delivery.rental_succeeded.v1": RentalSucceeded;
  "chargeloop.delivery.banks_collected.v1": BanksCollected;
  "chargeloop.delivery.return_succeeded.v1": ReturnSucceeded;
  "chargeloop.delivery.courier_gave_up.v1": CourierGaveUp;
  "chargeloop.delivery.problem.v1": DeliveryProblem;
  "chargeloop.delivery.failed.v1": DeliveryFailed;
  "chargeloop.rental.place_order.v1": PlaceOrder;
  "chargeloop.rental.cancel_order.v1": CancelOrder;
  "chargeloop.rental.request_return.v1": RequestReturn;
  "chargeloop.rental.open_dispute.v1": OpenDispute;
  "chargeloop.rental.end_order.v1": EndOrder;
  "chargeloop.rental.answer_dispute.v1": AnswerDispute;
  "chargeloop.rental.waive_fee.v1": WaiveFee;
  "chargeloop.rental.command_cabinet.v1": CommandCabinet;
  "chargeloop.rental.cabinet_commanded.v1": CabinetCommanded;
  "chargeloop.rental.request_done.v1": RequestDone;
  "chargeloop.rental.request_refused.v1": RequestRefused;
  "chargeloop.rental.user_orders.v1": UserOrders;
  "chargeloop.rental.order_moved.v1": OrderMoved;
  "chargeloop.service.stats.v1": ServiceStats;
  "chargeloop.service.quarantined.v1": Quarantined;
  "chargeloop.world.code_typed.v1": CodeTyped;
  "chargeloop.world.bank_inserted.v1": BankInserted;
  "chargeloop.world.tray_reached.v1": TrayReached;
  "chargeloop.world.cabinet_answered.v1": CabinetAnswered;
  "chargeloop.world.knocked.v1": Knocked;
  "chargeloop.world.door_answered.v1": DoorAnswered;
}

export type MessageType = keyof MessageTypes;

export const SCHEMAS: Readonly<Record<string, unknown>> = {
  Envelope: {"properties":{"specversion":{"const":"1.0","type":"string"},"id":{"pattern":"^[A-Za-z0-9._:-]{1,128}$","type":"string"},"source":{"pattern":"^[a-z]+/[a-z0-9-]{1,48}$","type":"string"},"type":{"maxLength":80,"pattern":"^chargeloop\\.[a-z_]+\\.[a-z_]+\\.v[0-9]+$","type":"string"},"time":{"format":"date-time","type":"string"},"subject":{"anyOf":[{"maxLength":64,"type":"string"},{"type":"null"}]},"datacontenttype":{"const":"application/json","type":"string"},"journalid":{"anyOf":[{"maxLength":48,"pattern":"^jnl-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"seq":{"anyOf":[{"maximum":2147483647,"minimum":1,"type":"integer"},{"type":"null"}]},"keptfrom":{"anyOf":[{"maximum":2147483647,"minimum":1,"type":"integer"},{"type":"null"}]},"bootid":{"anyOf":[{"pattern":"^[a-z0-9-]{1,36}$","type":"string"},{"type":"null"}]},"uptimems":{"anyOf":[{"pattern":"^[0-9]{1,16}$","type":"string"},{"type":"null"}]},"clockstate":{"anyOf":[{"$ref":"#/$defs/ClockState"},{"type":"null"}]},"correlationid":{"anyOf":[{"pattern":"^[A-Za-z0-9._:-]{1,128}$","type":"string"},{"type":"null"}]},"causationid":{"anyOf":[{"pattern":"^[A-Za-z0-9._:-]{1,128}$","type":"string"},{"type":"null"}]},"expirytime":{"anyOf":[{"format":"date-time","type":"string"},{"type":"null"}]},"data":{"type":"object"}},"required":["id","source","type","time","data"],"type":"object"},
  AnswerDispute: {"properties":{"operator":{"maxLength":48,"pattern":"^opr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"dispute":{"pattern":"^ord-[a-z0-9-]{1,44}-e[0-9]{1,6}$","type":"string"},"text":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["operator","order","dispute","text"],"type":"object"},
  ArrivedAtCabinet: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"}},"required":["job"],"type":"object"},
  ArrivedAtUser: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"}},"required":["job"],"type":"object"},
  BankEjected: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"bank":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"command":{"anyOf":[{"maxLength":48,"pattern":"^cmd-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"charge_pct":{"maximum":100,"minimum":0,"type":"integer"}},"required":["slot","bank"],"type":"object"},
  BankInserted: {"properties":{"bank":{"$ref":"#/$defs/BankStatus"},"code":{"anyOf":[{"pattern":"^[0-9]{4,8}$","type":"string"},{"type":"null"}]}},"required":["bank"],"type":"object"},
  BankReturned: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"bank":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"charge_pct":{"maximum":100,"minimum":0,"type":"integer"}},"required":["slot","bank"],"type":"object"},
  BankStatus: {"properties":{"bank":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"charge_pct":{"maximum":100,"minimum":0,"type":"integer"},"health_pct":{"maximum":100,"minimum":0,"type":"integer"},"temperature_c":{"maximum":150,"minimum":-60,"type":"integer"},"cycles":{"maximum":99999,"minimum":0,"type":"integer"}},"required":["bank","charge_pct","health_pct","temperature_c","cycles"],"type":"object"},
  BanksCollected: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","order","banks"],"type":"object"},
  BanksPickedUp: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","order","banks"],"type":"object"},
  Booted: {"properties":{"cause":{"pattern":"^(power_on|reboot|crash)$","type":"string"},"firmware":{"maxLength":40,"type":"string"},"interrupted":{"items":{"pattern":"^[A-Za-z0-9._:-]{1,128}$","type":"string"},"maxItems":36,"type":"array"},"command":{"anyOf":[{"maxLength":48,"pattern":"^cmd-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]}},"required":["cause","firmware"],"type":"object"},
  CabinetAction: {"enum":["lock","unlock","inventory","release","eject","reboot"],"type":"string"},
  CabinetAnswered: {"properties":{"accepted":{"type":"boolean"},"display":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},"banks":{"items":{"$ref":"#/$defs/BankStatus"},"maxItems":20,"type":"array"}},"required":["accepted","display"],"type":"object"},
  CabinetCommanded: {"properties":{"cabinet":{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"command":{"maxLength":48,"pattern":"^cmd-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"expires":{"format":"date-time","type":"string"}},"required":["cabinet","command","expires"],"type":"object"},
  CabinetInfo: {"properties":{"name":{"maxLength":80,"minLength":1,"type":"string"},"location":{"$ref":"#/$defs/Location"},"slots":{"maximum":36,"minimum":1,"type":"integer"},"model":{"maxLength":40,"type":"string"},"firmware":{"maxLength":40,"type":"string"},"commands":{"items":{"maxLength":80,"pattern":"^chargeloop\\.[a-z_]+\\.[a-z_]+\\.v[0-9]+$","type":"string"},"maxItems":64,"type":"array"}},"required":["name","location","slots","model","firmware"],"type":"object"},
  CabinetReason: {"enum":["not_enough_banks","not_enough_slots","unknown_reservation","stale_epoch","busy","jam","no_bank_in_slot","slot_taken","slot_held","unreadable_bank","power_cut","operator"],"type":"string"},
  CancelOrder: {"properties":{"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["user","order"],"type":"object"},
  ClockState: {"enum":["unset","free","synced","inferred"],"type":"string"},
  CodeTyped: {"properties":{"code":{"pattern":"^[0-9]{4,8}$","type":"string"}},"required":["code"],"type":"object"},
  Collected: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","code","banks"],"type":"object"},
  CommandCabinet: {"properties":{"operator":{"maxLength":48,"pattern":"^opr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"cabinet":{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"action":{"$ref":"#/$defs/CabinetAction"},"slot":{"anyOf":[{"maximum":36,"minimum":1,"type":"integer"},{"type":"null"}]},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["operator","cabinet","action","reason"],"type":"object"},
  CommandFinished: {"properties":{"command":{"maxLength":48,"pattern":"^cmd-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"outcome":{"$ref":"#/$defs/Outcome"},"reason":{"anyOf":[{"$ref":"#/$defs/CabinetReason"},{"type":"null"}]},"available":{"anyOf":[{"maximum":9007199254740992,"minimum":0,"type":"integer"},{"type":"null"}]},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"slots":{"items":{"$ref":"#/$defs/SlotContent"},"maxItems":36,"type":"array"}},"required":["command","epoch","outcome"],"type":"object"},
  ConnectionState: {"properties":{"state":{"$ref":"#/$defs/Presence"},"connection_epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["state","connection_epoch"],"type":"object"},
  CourierGaveUp: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"courier":{"maxLength":48,"pattern":"^cou-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"},"offered_again":{"type":"boolean"}},"required":["job","order","courier","reason","offered_again"],"type":"object"},
  CourierProgressed: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"milestone":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["job","order","milestone"],"type":"object"},
  Delivered: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","code","banks"],"type":"object"},
  DeliveryCancelled: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},"cabinet":{"anyOf":[{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"cabinet_location":{"anyOf":[{"$ref":"#/$defs/Location"},{"type":"null"}]},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"code":{"anyOf":[{"pattern":"^[0-9]{4,8}$","type":"string"},{"type":"null"}]}},"required":["job","reason"],"type":"object"},
  DeliveryFailed: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"why":{"$ref":"#/$defs/JobEnd"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","order","why"],"type":"object"},
  DeliveryProblem: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"problem":{"$ref":"#/$defs/Problem"}},"required":["job","order","problem"],"type":"object"},
  DeliveryRedirected: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"cabinet":{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"cabinet_location":{"$ref":"#/$defs/Location"},"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"}},"required":["job","quantity","cabinet","cabinet_location","reservation","code"],"type":"object"},
  DoorAnswered: {"properties":{"present":{"type":"boolean"},"code":{"anyOf":[{"pattern":"^[0-9]{4,8}$","type":"string"},{"type":"null"}]},"banks":{"items":{"$ref":"#/$defs/BankStatus"},"maxItems":20,"type":"array"}},"required":["present"],"type":"object"},
  DutyChanged: {"properties":{"on_duty":{"type":"boolean"},"location":{"$ref":"#/$defs/Location"}},"required":["on_duty","location"],"type":"object"},
  EjectBanks: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["reservation","epoch"],"type":"object"},
  EjectFailed: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"bank":{"anyOf":[{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"reason":{"$ref":"#/$defs/CabinetReason"}},"required":["slot","reason"],"type":"object"},
  EndOrder: {"properties":{"operator":{"maxLength":48,"pattern":"^opr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reason":{"maxLength":140,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["operator","order","reason"],"type":"object"},
  Evidence: {"enum":["phone","cabinet"],"type":"string"},
  FirstIndication: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"courier":{"maxLength":48,"pattern":"^cou-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"}},"required":["job","order","courier"],"type":"object"},
  GaveUp: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","reason"],"type":"object"},
  HandOver: {"enum":["courier","walk_up"],"type":"string"},
  HoldEnd: {"enum":["fulfilled","released","expired"],"type":"string"},
  InventoryReported: {"properties":{"command":{"anyOf":[{"maxLength":48,"pattern":"^cmd-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"slots":{"items":{"$ref":"#/$defs/SlotStatus"},"maxItems":36,"type":"array"}},"required":["slots"],"type":"object"},
  JobEnd: {"enum":["no_courier","cancelled","gave_up_with_banks","wrong_codes"],"type":"string"},
  JobOffered: {"properties":{"offer":{"maxLength":48,"pattern":"^off-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"leg":{"$ref":"#/$defs/LegKind"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"cabinet_location":{"$ref":"#/$defs/Location"},"user_location":{"$ref":"#/$defs/Location"},"distance_m":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"pay_minor":{"maximum":9007199254740992,"minimum":-9007199254740992,"type":"integer"},"pay_max_minor":{"maximum":9007199254740992,"minimum":-9007199254740992,"type":"integer"},"currency":{"type":"string"}},"required":["offer","job","leg","quantity","cabinet_location","user_location","distance_m","pay_minor","pay_max_minor","currency"],"type":"object"},
  JobStep: {"enum":["to_cabinet","at_cabinet","to_user","at_user","bring_back"],"type":"string"},
  JournalAck: {"properties":{"journal":{"maxLength":48,"pattern":"^jnl-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"seq":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"gap":{"type":"boolean"}},"required":["journal","seq"],"type":"object"},
  KeypadLocked: {"properties":{"wrong_codes":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"until":{"format":"date-time","type":"string"}},"required":["wrong_codes","until"],"type":"object"},
  Knocked: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"delivering":{"type":"boolean"},"banks":{"items":{"$ref":"#/$defs/BankStatus"},"maxItems":20,"type":"array"}},"required":["job","delivering"],"type":"object"},
  LegKind: {"enum":["outward","back"],"type":"string"},
  Location: {"properties":{"lat_e7":{"maximum":900000000,"minimum":-900000000,"type":"integer"},"lon_e7":{"maximum":1800000000,"minimum":-1800000000,"type":"integer"}},"required":["lat_e7","lon_e7"],"type":"object"},
  LockSlot: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"locked":{"type":"boolean"}},"required":["slot","epoch","locked"],"type":"object"},
  OfferAccepted: {"properties":{"offer":{"maxLength":48,"pattern":"^off-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"}},"required":["offer"],"type":"object"},
  OfferClosed: {"properties":{"offer":{"maxLength":48,"pattern":"^off-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"why":{"$ref":"#/$defs/OfferEnd"}},"required":["offer","why"],"type":"object"},
  OfferDeclined: {"properties":{"offer":{"maxLength":48,"pattern":"^off-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"}},"required":["offer"],"type":"object"},
  OfferEnd: {"enum":["taken","expired","declined","withdrawn","accepted"],"type":"string"},
  OpenDispute: {"properties":{"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"bank":{"anyOf":[{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"text":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["user","order","text"],"type":"object"},
  OrderMoved: {"properties":{"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"event":{"pattern":"^[a-z_]{1,40}$","type":"string"},"from_state":{"anyOf":[{"$ref":"#/$defs/OrderState"},{"type":"null"}]},"to_state":{"$ref":"#/$defs/OrderState"},"reason":{"anyOf":[{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},{"type":"null"}]}},"required":["order","event","to_state"],"type":"object"},
  OrderState: {"enum":["reserving","dispatching","fetching","delivering","unlocking","in_use","return_reserving","return_dispatching","collecting","returning","recalling","settled","cancelled","failed"],"type":"string"},
  OrderView: {"properties":{"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"state":{"$ref":"#/$defs/OrderState"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"},"hand_over":{"$ref":"#/$defs/HandOver"},"cabinet":{"anyOf":[{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"cabinet_location":{"anyOf":[{"$ref":"#/$defs/Location"},{"type":"null"}]},"courier":{"anyOf":[{"maxLength":48,"pattern":"^cou-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"handover_code":{"anyOf":[{"pattern":"^[0-9]{4,8}$","type":"string"},{"type":"null"}]},"reason":{"anyOf":[{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},{"type":"null"}]},"placed":{"format":"date-time","type":"string"},"changed":{"format":"date-time","type":"string"}},"required":["order","state","quantity","hand_over","placed","changed"],"type":"object"},
  Outcome: {"enum":["done","refused","expired","failed"],"type":"string"},
  PickedUp: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","banks"],"type":"object"},
  PickupFinished: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"ejected":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"missing":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["reservation","ejected","missing"],"type":"object"},
  PickupStarted: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"by":{"pattern":"^(keypad|command)$","type":"string"}},"required":["reservation","by"],"type":"object"},
  PlaceOrder: {"properties":{"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"location":{"$ref":"#/$defs/Location"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"accept_fewer":{"type":"boolean"},"hand_over":{"$ref":"#/$defs/HandOver"},"cabinet":{"anyOf":[{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]}},"required":["user","location","quantity"],"type":"object"},
  Position: {"properties":{"location":{"$ref":"#/$defs/Location"}},"required":["location"],"type":"object"},
  Presence: {"enum":["online","offline"],"type":"string"},
  Problem: {"enum":["user_absent","cabinet_gave_nothing","cabinet_takes_nothing"],"type":"string"},
  ProblemReported: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"problem":{"$ref":"#/$defs/Problem"}},"required":["job","problem"],"type":"object"},
  PutBack: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","banks"],"type":"object"},
  Quarantined: {"properties":{"on_topic":{"maxLength":256,"type":"string"},"fault":{"maxLength":40,"type":"string"},"detail":{"maxLength":200,"type":"string"},"size":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"payload_sha256":{"pattern":"^[0-9a-f]{64}$","type":"string"}},"required":["on_topic","fault","detail","size","payload_sha256"],"type":"object"},
  Reboot: {"properties":{"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["epoch"],"type":"object"},
  Refusal: {"properties":{"event":{"pattern":"^[A-Za-z0-9._:-]{1,128}$","type":"string"},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["event","reason"],"type":"object"},
  RefusalCode: {"enum":["not_enough_banks","no_cabinet_near","no_room_near","cabinet_offline","not_supported","unknown_cabinet","unknown_order","not_yours","unknown_dispute","unknown_line","wrong_state","too_many","key_reused","invalid"],"type":"string"},
  ReleaseReservation: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["reservation","epoch"],"type":"object"},
  RentalRequested: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"user_location":{"$ref":"#/$defs/Location"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"cabinet":{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"cabinet_location":{"$ref":"#/$defs/Location"},"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"},"handover_sha256":{"pattern":"^[0-9a-f]{64}$","type":"string"},"deliver_by":{"format":"date-time","type":"string"},"pay_minor":{"maximum":9007199254740992,"minimum":-9007199254740992,"type":"integer"},"pay_max_minor":{"maximum":9007199254740992,"minimum":-9007199254740992,"type":"integer"},"currency":{"type":"string"}},"required":["job","order","user","user_location","quantity","cabinet","cabinet_location","reservation","code","handover_sha256","deliver_by","pay_minor","pay_max_minor","currency"],"type":"object"},
  RentalSucceeded: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"}},"required":["job","order","banks"],"type":"object"},
  ReportInventory: {"properties":{"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["epoch"],"type":"object"},
  RequestDone: {"properties":{"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"state":{"$ref":"#/$defs/OrderState"},"quantity":{"maximum":20,"minimum":1,"type":"integer"}},"required":["order","state","quantity"],"type":"object"},
  RequestRefused: {"properties":{"code":{"$ref":"#/$defs/RefusalCode"},"detail":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"},"available":{"anyOf":[{"maximum":9007199254740992,"minimum":0,"type":"integer"},{"type":"null"}]}},"required":["code","detail"],"type":"object"},
  RequestReturn: {"properties":{"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"location":{"$ref":"#/$defs/Location"},"quantity":{"maximum":20,"minimum":1,"type":"integer"}},"required":["user","order","location","quantity"],"type":"object"},
  ReservationEnded: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"why":{"$ref":"#/$defs/HoldEnd"}},"required":["reservation","why"],"type":"object"},
  ReserveBanks: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"min_charge_pct":{"maximum":100,"minimum":0,"type":"integer"},"hold_until":{"format":"date-time","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"}},"required":["reservation","epoch","quantity","min_charge_pct","hold_until","code"],"type":"object"},
  ReserveSlots: {"properties":{"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"epoch":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"hold_until":{"format":"date-time","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"}},"required":["reservation","epoch","quantity","hold_until","code"],"type":"object"},
  ReturnRejected: {"properties":{"slot":{"anyOf":[{"maximum":36,"minimum":1,"type":"integer"},{"type":"null"}]},"bank":{"anyOf":[{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]},"reason":{"$ref":"#/$defs/CabinetReason"}},"required":["reason"],"type":"object"},
  ReturnRequested: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"user_location":{"$ref":"#/$defs/Location"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"cabinet":{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"cabinet_location":{"$ref":"#/$defs/Location"},"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"},"handover_sha256":{"pattern":"^[0-9a-f]{64}$","type":"string"},"deliver_by":{"format":"date-time","type":"string"},"pay_minor":{"maximum":9007199254740992,"minimum":-9007199254740992,"type":"integer"},"pay_max_minor":{"maximum":9007199254740992,"minimum":-9007199254740992,"type":"integer"},"currency":{"type":"string"}},"required":["job","order","user","user_location","quantity","cabinet","cabinet_location","reservation","code","handover_sha256","deliver_by","pay_minor","pay_max_minor","currency"],"type":"object"},
  ReturnSucceeded: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"},"evidence":{"$ref":"#/$defs/Evidence"}},"required":["job","order","banks","evidence"],"type":"object"},
  SecondIndication: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"courier":{"maxLength":48,"pattern":"^cou-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"}},"required":["job","order","courier"],"type":"object"},
  ServiceStats: {"properties":{"received":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"published":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"duplicates":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"quarantined":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"outbox":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["received","published","duplicates","quarantined","outbox"],"type":"object"},
  SlotChanged: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"state":{"$ref":"#/$defs/SlotState"},"reason":{"anyOf":[{"$ref":"#/$defs/CabinetReason"},{"type":"null"}]}},"required":["slot","state"],"type":"object"},
  SlotContent: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"bank":{"anyOf":[{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]}},"required":["slot"],"type":"object"},
  SlotReading: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"charge_pct":{"anyOf":[{"maximum":100,"minimum":0,"type":"integer"},{"type":"null"}]},"temperature_c":{"anyOf":[{"maximum":150,"minimum":-60,"type":"integer"},{"type":"null"}]}},"required":["slot"],"type":"object"},
  SlotState: {"enum":["empty","charging","ready","reserved","ejecting","faulty","locked"],"type":"string"},
  SlotStatus: {"properties":{"slot":{"maximum":36,"minimum":1,"type":"integer"},"state":{"$ref":"#/$defs/SlotState"},"bank":{"anyOf":[{"$ref":"#/$defs/BankStatus"},{"type":"null"}]},"reservation":{"anyOf":[{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},{"type":"null"}]}},"required":["slot","state"],"type":"object"},
  SlotsSnapshot: {"properties":{"version":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"journal":{"maxLength":48,"pattern":"^jnl-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"after_seq":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"slots":{"items":{"$ref":"#/$defs/SlotStatus"},"maxItems":36,"type":"array"}},"required":["version","journal","after_seq","slots"],"type":"object"},
  SyncSample: {"properties":{"platform_time":{"format":"date-time","type":"string"},"sent_uptime_ms":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"received_uptime_ms":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["platform_time","sent_uptime_ms","received_uptime_ms"],"type":"object"},
  Telemetry: {"properties":{"power_w":{"maximum":100000,"minimum":0,"type":"integer"},"slots":{"items":{"$ref":"#/$defs/SlotReading"},"maxItems":36,"type":"array"}},"required":["power_w"],"type":"object"},
  TimeProbe: {"properties":{"sent_uptime_ms":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"previous":{"anyOf":[{"$ref":"#/$defs/SyncSample"},{"type":"null"}]}},"required":["sent_uptime_ms"],"type":"object"},
  TimeReply: {"properties":{"platform_time":{"format":"date-time","type":"string"},"sent_uptime_ms":{"maximum":9007199254740992,"minimum":0,"type":"integer"}},"required":["platform_time","sent_uptime_ms"],"type":"object"},
  TrayReached: {"properties":{},"type":"object"},
  UserOrders: {"properties":{"version":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"orders":{"items":{"$ref":"#/$defs/OrderView"},"maxItems":6,"type":"array"}},"required":["version"],"type":"object"},
  WaiveFee: {"properties":{"operator":{"maxLength":48,"pattern":"^opr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"order":{"maxLength":48,"pattern":"^ord-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"line":{"pattern":"^ord-[a-z0-9-]{1,44}(/[a-z0-9_-]{1,48}){3}$","type":"string"},"reason":{"maxLength":200,"minLength":1,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]*$","type":"string"}},"required":["operator","order","line","reason"],"type":"object"},
  Work: {"properties":{"version":{"maximum":9007199254740992,"minimum":0,"type":"integer"},"on_duty":{"type":"boolean"},"jobs":{"items":{"$ref":"#/$defs/WorkJob"},"maxItems":8,"type":"array"},"refusals":{"items":{"$ref":"#/$defs/Refusal"},"maxItems":8,"type":"array"}},"required":["version","on_duty"],"type":"object"},
  WorkJob: {"properties":{"job":{"maxLength":48,"pattern":"^job-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"leg":{"$ref":"#/$defs/LegKind"},"step":{"$ref":"#/$defs/JobStep"},"quantity":{"maximum":20,"minimum":1,"type":"integer"},"cabinet":{"maxLength":48,"pattern":"^cab-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"cabinet_location":{"$ref":"#/$defs/Location"},"user":{"maxLength":48,"pattern":"^usr-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"user_location":{"$ref":"#/$defs/Location"},"reservation":{"maxLength":32,"pattern":"^rsv-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"code":{"pattern":"^[0-9]{4,8}$","type":"string"},"banks":{"items":{"maxLength":40,"pattern":"^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$","type":"string"},"maxItems":20,"type":"array"},"deliver_by":{"format":"date-time","type":"string"}},"required":["job","leg","step","quantity","cabinet","cabinet_location","user","user_location","reservation","code","deliver_by"],"type":"object"},
};

export const SCHEMA_OF: Readonly<Record<MessageType, string>> = {
  "chargeloop.common.connection_state.v1": "ConnectionState",
  "chargeloop.common.journal_ack.v1": "JournalAck",
  "chargeloop.common.time_probe.v1": "TimeProbe",
  "chargeloop.common.time_reply.v1": "TimeReply",
  "chargeloop.cabinet.info.v1": "CabinetInfo",
  "chargeloop.cabinet.slots_snapshot.v1": "SlotsSnapshot",
  "chargeloop.cabinet.telemetry.v1": "Telemetry",
  "chargeloop.cabinet.booted.v1": "Booted",
  "chargeloop.cabinet.command_finished.v1": "CommandFinished",
  "chargeloop.cabinet.reservation_ended.v1": "ReservationEnded",
  "chargeloop.cabinet.pickup_started.v1": "PickupStarted",
  "chargeloop.cabinet.bank_ejected.v1": "BankEjected",
  "chargeloop.cabinet.eject_failed.v1": "EjectFailed",
  "chargeloop.cabinet.pickup_finished.v1": "PickupFinished",
  "chargeloop.cabinet.bank_returned.v1": "BankReturned",
  "chargeloop.cabinet.return_rejected.v1": "ReturnRejected",
  "chargeloop.cabinet.slot_changed.v1": "SlotChanged",
  "chargeloop.cabinet.keypad_locked.v1": "KeypadLocked",
  "chargeloop.cabinet.inventory_reported.v1": "InventoryReported",
  "chargeloop.cabinet.reserve_banks.v1": "ReserveBanks",
  "chargeloop.cabinet.reserve_slots.v1": "ReserveSlots",
  "chargeloop.cabinet.release_reservation.v1": "ReleaseReservation",
  "chargeloop.cabinet.eject_banks.v1": "EjectBanks",
  "chargeloop.cabinet.report_inventory.v1": "ReportInventory",
  "chargeloop.cabinet.lock_slot.v1": "LockSlot",
  "chargeloop.cabinet.reboot.v1": "Reboot",
  "chargeloop.courier.position.v1": "Position",
  "chargeloop.courier.duty_changed.v1": "DutyChanged",
  "chargeloop.courier.offer_accepted.v1": "OfferAccepted",
  "chargeloop.courier.offer_declined.v1": "OfferDeclined",
  "chargeloop.courier.arrived_at_cabinet.v1": "ArrivedAtCabinet",
  "chargeloop.courier.picked_up.v1": "PickedUp",
  "chargeloop.courier.arrived_at_user.v1": "ArrivedAtUser",
  "chargeloop.courier.delivered.v1": "Delivered",
  "chargeloop.courier.collected.v1": "Collected",
  "chargeloop.courier.put_back.v1": "PutBack",
  "chargeloop.courier.gave_up.v1": "GaveUp",
  "chargeloop.courier.problem_reported.v1": "ProblemReported",
  "chargeloop.courier.job_offered.v1": "JobOffered",
  "chargeloop.courier.offer_closed.v1": "OfferClosed",
  "chargeloop.courier.work.v1": "Work",
  "chargeloop.delivery.rental_requested.v1": "RentalRequested",
  "chargeloop.delivery.return_requested.v1": "ReturnRequested",
  "chargeloop.delivery.redirected.v1": "DeliveryRedirected",
  "chargeloop.delivery.cancelled.v1": "DeliveryCancelled",
  "chargeloop.delivery.first_indication.v1": "FirstIndication",
  "chargeloop.delivery.second_indication.v1": "SecondIndication",
  "chargeloop.delivery.courier_progressed.v1": "CourierProgressed",
  "chargeloop.delivery.banks_picked_up.v1": "BanksPickedUp",
  "chargeloop.delivery.rental_succeeded.v1": "RentalSucceeded",
  "chargeloop.delivery.banks_collected.v1": "BanksCollected",
  "chargeloop.delivery.return_succeeded.v1": "ReturnSucceeded",
  "chargeloop.delivery.courier_gave_up.v1": "CourierGaveUp",
  "chargeloop.delivery.problem.v1": "DeliveryProblem",
  "chargeloop.delivery.failed.v1": "DeliveryFailed",
  "chargeloop.rental.place_order.v1": "PlaceOrder",
  "chargeloop.rental.cancel_order.v1": "CancelOrder",
  "chargeloop.rental.request_return.v1": "RequestReturn",
  "chargeloop.rental.open_dispute.v1": "OpenDispute",
  "chargeloop.rental.end_order.v1": "EndOrder",
  "chargeloop.rental.answer_dispute.v1": "AnswerDispute",
  "chargeloop.rental.waive_fee.v1": "WaiveFee",
  "chargeloop.rental.command_cabinet.v1": "CommandCabinet",
  "chargeloop.rental.cabinet_commanded.v1": "CabinetCommanded",
  "chargeloop.rental.request_done.v1": "RequestDone",
  "chargeloop.rental.request_refused.v1": "RequestRefused",
  "chargeloop.rental.user_orders.v1": "UserOrders",
  "chargeloop.rental.order_moved.v1": "OrderMoved",
  "chargeloop.service.stats.v1": "ServiceStats",
  "chargeloop.service.quarantined.v1": "Quarantined",
  "chargeloop.world.code_typed.v1": "CodeTyped",
  "chargeloop.world.bank_inserted.v1": "BankInserted",
  "chargeloop.world.tray_reached.v1": "TrayReached",
  "chargeloop.world.cabinet_answered.v1": "CabinetAnswered",
  "chargeloop.world.knocked.v1": "Knocked",
  "chargeloop.world.door_answered.v1": "DoorAnswered",
};

export const TOPICS = {
  cabinet_connection: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/connection", "qos": 1, "retain": true, "delivery": "state", "writer": "cabinet", "readers": ["rental", "operator"], "messages": ["chargeloop.common.connection_state.v1"]},
  cabinet_info: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/info", "qos": 1, "retain": true, "delivery": "state", "writer": "cabinet", "readers": ["rental", "operator"], "messages": ["chargeloop.cabinet.info.v1"]},
  cabinet_slots: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/slots", "qos": 1, "retain": true, "delivery": "state", "writer": "cabinet", "readers": ["rental", "operator"], "messages": ["chargeloop.cabinet.slots_snapshot.v1"]},
  cabinet_event: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/event", "qos": 1, "retain": false, "delivery": "journal", "writer": "cabinet", "readers": ["rental", "dispatch", "operator"], "messages": ["chargeloop.cabinet.booted.v1", "chargeloop.cabinet.command_finished.v1", "chargeloop.cabinet.reservation_ended.v1", "chargeloop.cabinet.pickup_started.v1", "chargeloop.cabinet.bank_ejected.v1", "chargeloop.cabinet.eject_failed.v1", "chargeloop.cabinet.pickup_finished.v1", "chargeloop.cabinet.bank_returned.v1", "chargeloop.cabinet.return_rejected.v1", "chargeloop.cabinet.slot_changed.v1", "chargeloop.cabinet.keypad_locked.v1", "chargeloop.cabinet.inventory_reported.v1"]},
  cabinet_telemetry: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/telemetry", "qos": 0, "retain": false, "delivery": "lossy", "writer": "cabinet", "readers": ["rental", "operator"], "messages": ["chargeloop.cabinet.telemetry.v1"]},
  cabinet_time: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/time", "qos": 0, "retain": false, "delivery": "lossy", "writer": "cabinet", "readers": ["rental"], "messages": ["chargeloop.common.time_probe.v1"]},
  cabinet_clock: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/clock", "qos": 0, "retain": false, "delivery": "lossy", "writer": "rental", "readers": ["cabinet"], "messages": ["chargeloop.common.time_reply.v1"]},
  cabinet_command: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/command", "qos": 1, "retain": false, "delivery": "lease", "writer": "rental", "readers": ["cabinet", "operator"], "messages": ["chargeloop.cabinet.reserve_banks.v1", "chargeloop.cabinet.reserve_slots.v1", "chargeloop.cabinet.release_reservation.v1", "chargeloop.cabinet.eject_banks.v1", "chargeloop.cabinet.report_inventory.v1", "chargeloop.cabinet.lock_slot.v1", "chargeloop.cabinet.reboot.v1"]},
  cabinet_ack: {"pattern": "cl/v1/{region}/cabinet/{cabinet}/ack", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["cabinet"], "messages": ["chargeloop.common.journal_ack.v1"]},
  courier_connection: {"pattern": "cl/v1/{region}/courier/{courier}/connection", "qos": 1, "retain": true, "delivery": "state", "writer": "courier", "readers": ["dispatch", "operator"], "messages": ["chargeloop.common.connection_state.v1"]},
  courier_event: {"pattern": "cl/v1/{region}/courier/{courier}/event", "qos": 1, "retain": false, "delivery": "journal", "writer": "courier", "readers": ["dispatch", "operator"], "messages": ["chargeloop.courier.duty_changed.v1", "chargeloop.courier.offer_accepted.v1", "chargeloop.courier.offer_declined.v1", "chargeloop.courier.arrived_at_cabinet.v1", "chargeloop.courier.picked_up.v1", "chargeloop.courier.arrived_at_user.v1", "chargeloop.courier.delivered.v1", "chargeloop.courier.collected.v1", "chargeloop.courier.put_back.v1", "chargeloop.courier.gave_up.v1", "chargeloop.courier.problem_reported.v1"]},
  courier_position: {"pattern": "cl/v1/{region}/courier/{courier}/position", "qos": 0, "retain": false, "delivery": "lossy", "writer": "courier", "readers": ["dispatch", "operator", "gateway"], "messages": ["chargeloop.courier.position.v1"]},
  courier_time: {"pattern": "cl/v1/{region}/courier/{courier}/time", "qos": 0, "retain": false, "delivery": "lossy", "writer": "courier", "readers": ["dispatch"], "messages": ["chargeloop.common.time_probe.v1"]},
  courier_clock: {"pattern": "cl/v1/{region}/courier/{courier}/clock", "qos": 0, "retain": false, "delivery": "lossy", "writer": "dispatch", "readers": ["courier"], "messages": ["chargeloop.common.time_reply.v1"]},
  courier_offer: {"pattern": "cl/v1/{region}/courier/{courier}/offer", "qos": 1, "retain": false, "delivery": "lease", "writer": "dispatch", "readers": ["courier", "operator"], "messages": ["chargeloop.courier.job_offered.v1", "chargeloop.courier.offer_closed.v1"]},
  courier_work: {"pattern": "cl/v1/{region}/courier/{courier}/work", "qos": 1, "retain": true, "delivery": "state", "writer": "dispatch", "readers": ["courier", "operator"], "messages": ["chargeloop.courier.work.v1"]},
  courier_ack: {"pattern": "cl/v1/{region}/courier/{courier}/ack", "qos": 1, "retain": false, "delivery": "once", "writer": "dispatch", "readers": ["courier"], "messages": ["chargeloop.common.journal_ack.v1"]},
  dispatch_request: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/request", "qos": 1, "retain": false, "delivery": "journal", "writer": "rental", "readers": ["dispatch", "operator"], "messages": ["chargeloop.delivery.rental_requested.v1", "chargeloop.delivery.return_requested.v1", "chargeloop.delivery.redirected.v1", "chargeloop.delivery.cancelled.v1"]},
  dispatch_request_ack: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/request-ack", "qos": 1, "retain": false, "delivery": "once", "writer": "dispatch", "readers": ["rental"], "messages": ["chargeloop.common.journal_ack.v1"]},
  dispatch_report: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/report", "qos": 1, "retain": false, "delivery": "journal", "writer": "dispatch", "readers": ["rental", "operator"], "messages": ["chargeloop.delivery.first_indication.v1", "chargeloop.delivery.second_indication.v1", "chargeloop.delivery.courier_progressed.v1", "chargeloop.delivery.banks_picked_up.v1", "chargeloop.delivery.rental_succeeded.v1", "chargeloop.delivery.banks_collected.v1", "chargeloop.delivery.return_succeeded.v1", "chargeloop.delivery.courier_gave_up.v1", "chargeloop.delivery.problem.v1", "chargeloop.delivery.failed.v1"]},
  dispatch_report_ack: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/report-ack", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["dispatch"], "messages": ["chargeloop.common.journal_ack.v1"]},
  user_request: {"pattern": "cl/v1/{region}/user/{user}/request", "qos": 1, "retain": false, "delivery": "request", "writer": "user", "readers": ["rental", "operator"], "messages": ["chargeloop.rental.place_order.v1", "chargeloop.rental.cancel_order.v1", "chargeloop.rental.request_return.v1", "chargeloop.rental.open_dispute.v1"]},
  user_reply: {"pattern": "cl/v1/{region}/user/{user}/reply", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["user"], "messages": ["chargeloop.rental.request_done.v1", "chargeloop.rental.request_refused.v1"]},
  user_orders: {"pattern": "cl/v1/{region}/user/{user}/orders", "qos": 1, "retain": true, "delivery": "state", "writer": "rental", "readers": ["user", "operator"], "messages": ["chargeloop.rental.user_orders.v1"]},
  gateway_request: {"pattern": "cl/v1/{region}/gateway/{gateway}/request", "qos": 1, "retain": false, "delivery": "request", "writer": "gateway", "readers": ["rental", "operator"], "messages": ["chargeloop.rental.place_order.v1", "chargeloop.rental.cancel_order.v1", "chargeloop.rental.request_return.v1", "chargeloop.rental.open_dispute.v1", "chargeloop.rental.end_order.v1", "chargeloop.rental.answer_dispute.v1", "chargeloop.rental.waive_fee.v1", "chargeloop.rental.command_cabinet.v1"]},
  gateway_reply: {"pattern": "cl/v1/{region}/gateway/{gateway}/reply", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["gateway"], "messages": ["chargeloop.rental.request_done.v1", "chargeloop.rental.request_refused.v1", "chargeloop.rental.cabinet_commanded.v1"]},
  operator_request: {"pattern": "cl/v1/{region}/operator/{operator}/request", "qos": 1, "retain": false, "delivery": "request", "writer": "operator", "readers": ["rental"], "messages": ["chargeloop.rental.cancel_order.v1", "chargeloop.rental.end_order.v1", "chargeloop.rental.answer_dispute.v1", "chargeloop.rental.waive_fee.v1", "chargeloop.rental.command_cabinet.v1"]},
  operator_reply: {"pattern": "cl/v1/{region}/operator/{operator}/reply", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["operator"], "messages": ["chargeloop.rental.request_done.v1", "chargeloop.rental.request_refused.v1", "chargeloop.rental.cabinet_commanded.v1"]},
  order_event: {"pattern": "cl/v1/{region}/order/{order}/event", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["operator"], "messages": ["chargeloop.rental.order_moved.v1"]},
  rental_connection: {"pattern": "cl/v1/{region}/rental/{rental}/connection", "qos": 1, "retain": true, "delivery": "state", "writer": "rental", "readers": ["operator", "dispatch"], "messages": ["chargeloop.common.connection_state.v1"]},
  rental_stats: {"pattern": "cl/v1/{region}/rental/{rental}/stats", "qos": 0, "retain": false, "delivery": "lossy", "writer": "rental", "readers": ["operator"], "messages": ["chargeloop.service.stats.v1"]},
  rental_quarantine: {"pattern": "cl/v1/{region}/rental/{rental}/quarantine", "qos": 1, "retain": false, "delivery": "once", "writer": "rental", "readers": ["operator"], "messages": ["chargeloop.service.quarantined.v1"]},
  dispatch_connection: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/connection", "qos": 1, "retain": true, "delivery": "state", "writer": "dispatch", "readers": ["operator", "rental"], "messages": ["chargeloop.common.connection_state.v1"]},
  dispatch_stats: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/stats", "qos": 0, "retain": false, "delivery": "lossy", "writer": "dispatch", "readers": ["operator"], "messages": ["chargeloop.service.stats.v1"]},
  dispatch_quarantine: {"pattern": "cl/v1/{region}/dispatch/{dispatch}/quarantine", "qos": 1, "retain": false, "delivery": "once", "writer": "dispatch", "readers": ["operator"], "messages": ["chargeloop.service.quarantined.v1"]},
  courier_hands: {"pattern": "clsim/v1/{region}/hands/{courier}/at/{cabinet}", "qos": 1, "retain": false, "delivery": "request", "writer": "courier", "readers": ["cabinet"], "messages": ["chargeloop.world.code_typed.v1", "chargeloop.world.bank_inserted.v1"]},
  courier_tray: {"pattern": "clsim/v1/{region}/tray/{cabinet}/for/{courier}", "qos": 1, "retain": false, "delivery": "once", "writer": "cabinet", "readers": ["courier"], "messages": ["chargeloop.world.cabinet_answered.v1"]},
  user_hands: {"pattern": "clsim/v1/{region}/fingers/{user}/at/{cabinet}", "qos": 1, "retain": false, "delivery": "request", "writer": "user", "readers": ["cabinet"], "messages": ["chargeloop.world.code_typed.v1", "chargeloop.world.bank_inserted.v1", "chargeloop.world.tray_reached.v1"]},
  user_tray: {"pattern": "clsim/v1/{region}/shelf/{cabinet}/for/{user}", "qos": 1, "retain": false, "delivery": "once", "writer": "cabinet", "readers": ["user"], "messages": ["chargeloop.world.cabinet_answered.v1"]},
  door_knock: {"pattern": "clsim/v1/{region}/knock/{courier}/at/{user}", "qos": 1, "retain": false, "delivery": "request", "writer": "courier", "readers": ["user"], "messages": ["chargeloop.world.knocked.v1"]},
  door_answer: {"pattern": "clsim/v1/{region}/answer/{user}/to/{courier}", "qos": 1, "retain": false, "delivery": "once", "writer": "user", "readers": ["courier"], "messages": ["chargeloop.world.door_answered.v1"]},
} as const;

export type TopicName = keyof typeof TOPICS;

/** The digits of each currency's minor unit, in which amounts are counted. */
export const MINOR_DIGITS: Readonly<Record<string, number>> = {"AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "INR": 2, "JPY": 0, "KRW": 0, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TWD": 2, "USD": 2, "VND": 0, "ZAR": 2};
