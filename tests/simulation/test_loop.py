from chargeloop.simulation.loop import Alarm, Loop


def test_acts_happen_at_their_instants_and_in_the_order_of_asking() -> None:
    loop, done = Loop(1_000), list[tuple[str, int]]()
    for name, at_ms in (("c", 1_030), ("a", 1_010), ("b", 1_010), ("past", 10)):
        loop.at(at_ms, lambda name=name: done.append((name, loop.now_ms())))  # type: ignore[misc]
    loop.run(1_020)
    assert done == [("past", 1_000), ("a", 1_010), ("b", 1_010)]
    assert loop.now_ms() == 1_020
    loop.run(2_000)
    assert done[-1] == ("c", 1_030)


def test_an_act_may_ask_for_another_at_the_same_instant() -> None:
    loop, done = Loop(0), list[int]()
    loop.after(5, lambda: loop.after(0, lambda: done.append(loop.now_ms())))
    loop.run(5)
    assert done == [5]


def test_only_the_latest_instant_of_an_alarm_counts() -> None:
    loop, rung = Loop(0), list[int]()
    alarm = Alarm(loop, lambda: rung.append(loop.now_ms()))
    for due_ms in (50, 20, 80):
        alarm.set(due_ms)
    loop.run(200)
    assert rung == [80]


def test_an_alarm_that_is_called_off_does_not_ring_and_can_be_set_again() -> None:
    loop, rung = Loop(0), list[int]()
    alarm = Alarm(loop, lambda: rung.append(loop.now_ms()))
    alarm.set(10)
    alarm.set(None)
    loop.run(20)
    alarm.set(30)
    alarm.sooner(40)
    alarm.sooner(25)
    loop.run(100)
    assert rung == [25]


def test_an_alarm_may_set_itself_again() -> None:
    loop, rung = Loop(0), list[int]()

    def ring() -> None:
        rung.append(loop.now_ms())
        if len(rung) < 3:
            alarm.set(loop.now_ms() + 10)

    alarm = Alarm(loop, ring)
    alarm.set(10)
    loop.run(100)
    assert rung == [10, 20, 30]
