"""A small table of numbered asteroids: enough to search for, to show, and to check the machinery with.

Osculating elements (ecliptic J2000, epoch 2022-08-09.0 TDB), H and G as the JPL Small-Body Database gave them
for that epoch. Carried to late 2026 without asteroid perturbers they are good to about an arcsecond.

The demonstration field
-----------------------
Field 557, CCD 8, twelve nights from 2026-10-25 to 2026-11-05 (UT): among all fields of the primary grid near
the ecliptic that Palomar sees well between 05 and 11 UT in September to mid-November 2026, this place is
crossed by the most asteroids brighter than H = 12. The demonstration's camera is ZTF's, shrunk to a third, so
its CCD 8 is a square of 0.6 degrees centred 0.928 degrees west and 0.318 degrees south of the field's middle
(RA 52.124, Dec +18.95), that is around RA 51.145, Dec +18.628. In it are, at
08 UT (ICRS degrees, seen from I41):

======================  =====  ==============  ================  ================
asteroid                V      nights (UT)     first             last
======================  =====  ==============  ================  ================
310 Margarita           14.6   10-26 .. 10-28  51.331  +18.878   50.944  +18.754
2069 Hubble             15.6   10-27 .. 10-30  51.455  +18.876   50.859  +18.890
1202 Marina             15.2   11-03 .. 11-05  51.306  +18.713   50.954  +18.654
======================  =====  ==============  ================  ================

The Moon is full on 2026-10-26 and near.
"""

from archive.moving.dynamics.orbit import AsteroidElements, Orbit
from archive.requests.numbers import whole

EPOCH_TDB = 2459800.5
"""JD TDB at which the elements osculate."""

DEMO_FIELD = 557
DEMO_CCD = 8
DEMO_FIRST_NIGHT = "2026-10-25"
DEMO_ASTEROIDS = (310, 1202, 2069)

# number, name, a (au), e, i, node, argument of perihelion, mean anomaly (deg), H, G
_ROWS = (
    (
        1,
        "Ceres",
        2.766619044655,
        0.078635756919,
        10.5867951215,
        80.2664361119,
        73.5316252256,
        334.3271698971,
        3.33,
        0.12,
    ),
    (
        2,
        "Pallas",
        2.769463340774,
        0.229986445975,
        34.9271412674,
        172.9179047881,
        310.8426241527,
        315.0911121672,
        4.12,
        0.11,
    ),
    (
        3,
        "Juno",
        2.670422183696,
        0.256775023053,
        12.9922258668,
        169.8459410858,
        247.8039388757,
        306.6224068399,
        5.12,
        0.32,
    ),
    (
        4,
        "Vesta",
        2.361987199697,
        0.088401893743,
        7.1407828346,
        103.8008097414,
        151.2577798334,
        61.1922990042,
        3.20,
        0.32,
    ),
    (
        5,
        "Astraea",
        2.577540152674,
        0.188985164917,
        5.3654170907,
        141.5675020967,
        358.7923815355,
        208.5676966713,
        7.01,
        None,
    ),
    (
        6,
        "Hebe",
        2.424925030829,
        0.20280109433,
        14.7382685244,
        138.6370201256,
        239.4976193647,
        39.7038384335,
        5.57,
        0.24,
    ),
    (
        7,
        "Iris",
        2.386895229097,
        0.229579733546,
        5.5173556964,
        259.5163426765,
        145.3772393182,
        101.0671303714,
        5.62,
        None,
    ),
    (
        8,
        "Flora",
        2.201398945813,
        0.156245265147,
        5.8887914256,
        110.8674781899,
        285.5643612781,
        196.5862385851,
        6.60,
        0.28,
    ),
    (
        9,
        "Metis",
        2.385529978519,
        0.123536182282,
        5.5767649801,
        68.8979840157,
        6.0915317618,
        238.1576687286,
        6.32,
        0.17,
    ),
    (
        10,
        "Hygiea",
        3.140979450504,
        0.111378255962,
        3.8312246303,
        283.1759501155,
        312.5177469266,
        4.2803247446,
        5.60,
        None,
    ),
    (
        11,
        "Parthenope",
        2.453310746657,
        0.099486615936,
        4.6314328349,
        125.5262850792,
        195.6585452885,
        226.6474729853,
        6.73,
        None,
    ),
    (
        12,
        "Victoria",
        2.333239496006,
        0.220667358782,
        8.3744589188,
        235.3656559189,
        69.6157081241,
        105.1162414501,
        7.37,
        0.22,
    ),
    (
        13,
        "Egeria",
        2.576040327454,
        0.085489041603,
        16.5361038097,
        43.2067592139,
        80.0089567364,
        114.0490332666,
        6.98,
        None,
    ),
    (
        14,
        "Irene",
        2.585751618386,
        0.165756729241,
        9.1208851951,
        86.115794307,
        97.7086369526,
        89.4593858416,
        6.56,
        None,
    ),
    (
        15,
        "Eunomia",
        2.643595711059,
        0.186839447831,
        11.7522561152,
        292.91664152,
        98.6574328501,
        198.329449786,
        5.38,
        0.23,
    ),
    (
        16,
        "Psyche",
        2.924399242207,
        0.134031154663,
        3.0969270863,
        150.03276205,
        229.2623687108,
        164.482402453,
        6.14,
        0.20,
    ),
    (
        18,
        "Melpomene",
        2.295374500657,
        0.218082722933,
        10.1324732716,
        150.3606805627,
        228.1503485359,
        247.0182407936,
        6.58,
        0.25,
    ),
    (
        20,
        "Massalia",
        2.408851459935,
        0.14315299298,
        0.7089746189,
        205.963054932,
        257.5495438729,
        73.2489868847,
        6.59,
        0.25,
    ),
    (
        21,
        "Lutetia",
        2.434691763854,
        0.163575904034,
        3.0638079882,
        80.8512598804,
        250.2288643047,
        295.1897119732,
        7.54,
        0.11,
    ),
    (
        29,
        "Amphitrite",
        2.553745382753,
        0.073583429316,
        6.0827683897,
        356.3292713954,
        63.0631630515,
        214.2126821645,
        5.97,
        0.20,
    ),
    (
        310,
        "Margarita",
        2.759674966447,
        0.116575541105,
        3.1718199238,
        229.0510985437,
        325.0715287681,
        249.9620307859,
        10.18,
        None,
    ),
    (
        704,
        "Interamnia",
        3.057893896241,
        0.155792632656,
        17.3050673398,
        280.2748805888,
        94.6635094838,
        322.2978509909,
        6.28,
        -0.02,
    ),
    (
        1202,
        "Marina",
        3.998265166114,
        0.167707513621,
        3.3334388188,
        49.8293433742,
        307.6162348421,
        207.6792006767,
        10.13,
        None,
    ),
    (
        2069,
        "Hubble",
        3.154680087603,
        0.189524271596,
        9.102950173,
        46.3529554194,
        69.6860908537,
        39.155295669,
        11.47,
        None,
    ),
)

NUMBERED = {
    number: Orbit(
        name=name,
        number=number,
        epoch_tdb=EPOCH_TDB,
        elements=AsteroidElements(a, e, i, node, peri, mean_anomaly),
        H=H,
        G=G,
    )
    for number, name, a, e, i, node, peri, mean_anomaly, H, G in _ROWS
}
"""Number -> Orbit."""


def by_designation(text):
    """The orbit of "16", "Psyche", "(16) Psyche" or "16 Psyche", or None. A number is matched exactly."""
    words = text.replace("(", " ").replace(")", " ").split()
    number = whole(words[0]) if words else None
    if number is not None:
        orbit = NUMBERED.get(number)
        named = " ".join(words[1:]).casefold()
        return orbit if orbit is not None and named in ("", orbit.name.casefold()) else None
    name = " ".join(words).casefold()
    return next((orbit for orbit in NUMBERED.values() if orbit.name.casefold() == name), None)
