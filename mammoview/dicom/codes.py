"""Code values for views and modifiers: PS3.16 CID 4014 and 4015, in SNOMED CT, SRT and the older designators."""

from __future__ import annotations

from mammoview.core.study import Energy, Part, ViewModifier, ViewPosition

#: Code value to view. Code values are unique over SCT, SRT and SNM3, so the designator need not agree.
VIEWS: dict[str, ViewPosition] = {
    "399162004": ViewPosition.CC,
    "R-10242": ViewPosition.CC,
    "399368009": ViewPosition.MLO,
    "R-10226": ViewPosition.MLO,
    "399260004": ViewPosition.ML,
    "R-10224": ViewPosition.ML,
    "399352003": ViewPosition.LM,
    "R-10228": ViewPosition.LM,
    "399099002": ViewPosition.LMO,
    "R-10230": ViewPosition.LMO,
    "399196006": ViewPosition.FB,
    "R-10244": ViewPosition.FB,
    "399188001": ViewPosition.SIO,
    "R-102D0": ViewPosition.SIO,
    "441555000": ViewPosition.ISO,
    "R-40AAA": ViewPosition.ISO,
    "R-102CF": ViewPosition.XCC,
    "399265009": ViewPosition.XCC,
    "399192008": ViewPosition.XCCL,
    "R-1024A": ViewPosition.XCCL,
    "Y-X1770": ViewPosition.XCCL,
    "399101009": ViewPosition.XCCM,
    "R-1024B": ViewPosition.XCCM,
    "Y-X1771": ViewPosition.XCCM,
    "127457009": ViewPosition.SPECIMEN,
    "G-8310": ViewPosition.SPECIMEN,
}

MODIFIERS: dict[str, ViewModifier] = {
    "399161006": ViewModifier.CLEAVAGE,
    "R-102D2": ViewModifier.CLEAVAGE,
    "399011000": ViewModifier.AXILLARY_TAIL,
    "R-102D1": ViewModifier.AXILLARY_TAIL,
    "399110001": ViewModifier.TANGENTIAL,
    "R-102C2": ViewModifier.TANGENTIAL,
    "399197002": ViewModifier.ROLLED_LATERAL,
    "R-102D3": ViewModifier.ROLLED_LATERAL,
    "399226006": ViewModifier.ROLLED_MEDIAL,
    "R-102D4": ViewModifier.ROLLED_MEDIAL,
    "414493004": ViewModifier.ROLLED_INFERIOR,
    "R-102CA": ViewModifier.ROLLED_INFERIOR,
    "415670009": ViewModifier.ROLLED_SUPERIOR,
    "R-102C9": ViewModifier.ROLLED_SUPERIOR,
    "399209000": ViewModifier.IMPLANT_DISPLACED,
    "R-102D5": ViewModifier.IMPLANT_DISPLACED,
    "442581004": ViewModifier.NIPPLE_IN_PROFILE,
    "R-40AB3": ViewModifier.NIPPLE_IN_PROFILE,
    "441752004": ViewModifier.ANTERIOR_COMPRESSION,
    "P2-00161": ViewModifier.ANTERIOR_COMPRESSION,
    "442593008": ViewModifier.INFRAMAMMARY_FOLD,
    "R-40ABE": ViewModifier.INFRAMAMMARY_FOLD,
    "442580003": ViewModifier.AXILLARY_TISSUE,
    "R-40AB2": ViewModifier.AXILLARY_TISSUE,
    "399163009": ViewModifier.MAGNIFICATION,
    "R-102D6": ViewModifier.MAGNIFICATION,
    "399055006": ViewModifier.SPOT,
    "R-102D7": ViewModifier.SPOT,
}

#: What a partial view shows: PS3.16 CID 4005, in SNOMED CT and SRT.
PARTS: dict[str, Part] = {
    "255549009": Part.ANTERIOR,
    "R-404CC": Part.ANTERIOR,
    "255551008": Part.POSTERIOR,
    "R-404CE": Part.POSTERIOR,
    "264217000": Part.SUPERIOR,
    "R-42191": Part.SUPERIOR,
    "261089000": Part.INFERIOR,
    "R-4094A": Part.INFERIOR,
    "255561001": Part.MEDIAL,
    "R-404D5": Part.MEDIAL,
    "49370004": Part.LATERAL,
    "G-A104": Part.LATERAL,
    "26216008": Part.CENTRAL,
    "G-A110": Part.CENTRAL,
}

#: Image Type from its fourth value on, of contrast-enhanced images (PS3.3 C.8.11.7.1.4). RECOMBINED is no term of the
#: standard, but what some machines write where it says SUBTRACTION.
ENERGIES: dict[str, Energy] = {
    "LOW_ENERGY": Energy.LOW,
    "HIGH_ENERGY": Energy.HIGH,
    "SUBTRACTION": Energy.RECOMBINED,
    "RECOMBINED": Energy.RECOMBINED,
}

#: Beginnings of the third value of Image Type of stereotactic and biopsy images (PS3.3 C.8.11.7.1.4).
BIOPSY_STAGES = ("STEREO_", "PREFIRE", "POSTFIRE", "POSTBIOPSY", "POSTMARKER")

#: The breast as an anatomic region.
BREAST_REGIONS = frozenset({"76752008", "T-04000", "80248007", "73056007", "T-04030", "T-04020"})

#: What View Position (0018,5101) may say instead of a code.
VIEW_WORDS: dict[str, ViewPosition] = {view.value: view for view in ViewPosition}
