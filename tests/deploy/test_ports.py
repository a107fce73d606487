import subprocess
import sys

from deploy.local.ports import free_first_port, free_port, ports_from


def test_no_free_port_is_given_to_two_who_have_not_taken_it_yet() -> None:
    given = [free_port() for _ in range(200)]

    assert len(set(given)) == len(given)


def test_a_free_port_is_the_wanted_one_when_it_is_free() -> None:
    wanted = free_port()

    assert free_port(wanted) == wanted


def test_who_starts_at_the_same_time_is_given_others() -> None:
    """Between being given and being taken by the last process of a system lie many seconds."""
    ours = {free_port() for _ in range(200)}
    code = "from deploy.local.ports import free_port; print(*[free_port() for _ in range(200)])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert not ours & set(map(int, other.split()))


def test_the_ports_of_a_system_are_given_to_nobody_else() -> None:
    given = [port for _ in range(20) for port in ports_from(free_first_port(5), 5)]

    assert len(set(given)) == len(given)
