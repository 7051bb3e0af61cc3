"""A tiny instance in the form of the MDRP files, made for a test."""

from pathlib import Path

FILES = {
    "orders.txt": "order\tx\ty\tplacement_time\trestaurant\tready_time\n"
    "o1\t900\t100\t12\tr2\t20\no2\t150\t220\t3\tr1\t9\no3\t420\t310\t40\tr1\t50\n",
    "restaurants.txt": "restaurant\tx\ty\nr1\t100\t200\nr2\t800\t150\n",
    "couriers.txt": "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t300\nc2\t500\t500\t0\t300\n",
    "instance_parameters.txt": "meters_per_minute\tpickup service minutes\tdropoff service minutes\t"
    "target click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n"
    "320\t4\t4\t40\t90\t10\t15\n",
}


def write_instance(directory: Path, **changed: str) -> Path:
    """Write the files, some with another text (named without their ending), and return the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (directory / name).write_text(changed.get(name.removesuffix(".txt"), text), encoding="utf-8")
    return directory
