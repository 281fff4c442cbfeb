"""Orders, and how they are carried out."""

import smtplib

from stock.depot import Depot, OutOfStock


def send_mail(to: str, text: str) -> None:
    """Send a mail by the host's own server."""
    with smtplib.SMTP("localhost") as server:
        server.sendmail("stock@localhost", [to], text)


def carry_out(depot: Depot, wanted: dict[str, int], customer: str) -> bool:
    """Take what an order names, all of it or nothing; whoever ordered hears of it by mail."""
    if missing := depot.missing(wanted):
        send_mail(customer, f"We lack {', '.join(sorted(missing))}.")
        return False
    for name, count in wanted.items():
        depot.take(name, count)
    send_mail(customer, "On its way.")
    return True


def code(number: int) -> str:
    """The code of an order: five digits and a check digit, which is the sum of the others modulo 10."""
    digits = f"{number:05d}"
    return f"{digits}{sum(map(int, digits)) % 10}"


def split(order: dict[str, int], most: int) -> list[dict[str, int]]:
    """Parts of an order with at most that many pieces each, in its order."""
    parts, room = [{}], most
    for name, count in order.items():
        while count:
            taken = min(count, room)
            if taken:
                parts[-1][name] = taken
            count, room = count - taken, room - taken
            if not room and count:
                parts.append({})
                room = most
    return parts


def is_late(depot: Depot, name: str) -> bool:
    """Whether a thing is out of stock."""
    try:
        depot.take(name, 1)
    except OutOfStock:
        return True
    depot.put(name, 1)
    return False
