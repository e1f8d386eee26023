"""Contenders in turns: what disturbs the machine for a while disturbs all of them."""


def alternate(contenders, count):
    """name -> what each call returned, one for each round; every round begins with another contender."""
    names = list(contenders)
    found = {name: [] for name in names}
    for number in range(count):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(contenders[name]())
            print(f"  round {number + 1}: {name}: {found[name][-1]}", flush=True)
    return found
