"""Tolerances and limits of the DICOM reader, each with its reason."""

POSITION_TOLERANCE_MM = 0.1
"""Largest distance of a slice from its place on the stack's straight, even line: the accuracy that the reader promises
for every landmark. Writers that round positions to 0.1 mm stay below it."""

STEP_TOLERANCE_SHARE = 0.25
"""Largest deviation of a step between neighbouring slices, as a share of the usual step: below it a step of 0.3 mm,
rounded to 0.1 mm, still passes; a missing slice deviates by 1."""

SAME_POSITION_MM = 0.01
"""Slices closer than this along the normal lie at one place: a tenth of the position tolerance, and twenty times finer
than the thinnest step in use (0.2 mm)."""

ORIENTATION_TOLERANCE = 1e-4
"""Largest difference of a direction cosine within a stack: 0.05 mm at the far corner of a 500 mm field of view.
Cosines rounded to four decimals stay below it."""

UNIT_TOLERANCE = 1e-3
"""Largest deviation of the orientation's vectors from unit length and right angle: cosines rounded to three decimals;
more would move the far corner of a 500 mm field of view by over 0.5 mm."""

PIXEL_SPACING_TOLERANCE_MM = 1e-4
"""Largest difference of PixelSpacing within a stack: 0.05 mm over 512 pixels."""

SHEAR_DEGREES = 0.5
"""Angle between the stack's direction and its normal above which it counts as sheared: 2.6 mm over a chest of 300 mm.
Below it the affine is the true one as well, but the volume passes as rectangular."""

LOCALIZER_DEGREES = 45.0
"""Angle of a slice's normal to the others' above which it is another view. A localizer is perpendicular to the stack;
anything nearer is a stack whose orientation changes, which is refused."""

INTERSPACED_SHARE = 1.5
"""Step over slice thickness above which the scan left tissue between its slices unseen (worth a finding)."""

THICKNESS_STEP_MM = 0.05
"""Slice thicknesses that differ by less count as equal: makers write 1.25 as 1.2 or 1.25, and 1.0 as 0.999."""

MIN_SLICES = 3
"""Fewest slices of a stack: with two, a missing slice could not show as an uneven step."""

MIN_MATRIX = 16
"""Fewest rows or columns: smaller images are icons or damaged headers."""

MAX_PART_NAME = 120
"""Most characters of the name of one reconstruction among several under a SeriesInstanceUID; a datalist takes it."""

MAX_MATRIX = 4096
"""Most rows or columns: four times the finest CT matrix in use; a header that claims 65535 is refused unallocated."""

MAX_VOXELS = 2**30
"""Most voxels of a whole volume (4 GB as float32): 1,024 slices of 1024x1024. A ROI of a larger series is read."""

MAX_EXCESS_BYTES = 8192
"""Most bytes of pixel data beyond the image that count as padding, which readers must take (PS3.5, 8.1.1): the largest
block that files are padded to. More is an image that the header does not describe."""

MAX_FRAMES = 8192
"""Most frames of one multi-frame file: eight times the longest chest stack (300 mm by 0.3 mm)."""

HEADER_BYTES = 16 * 1024
"""Bytes read of each file at first: the header of a classic CT slice with its private elements ends before."""

HEADER_GROWTH = 8
"""How many times more is read where a header does not end in what was read: few steps to the largest one."""

MAX_HEADER_BYTES = 16 * 1024 * 1024
"""Longest header: the functional groups of 4,000 frames, and still walked in a second where every element is empty."""

MAX_ELEMENTS, MAX_ITEMS = 250_000, 60_000
"""Most elements and items, nested ones too, of a multi-frame header: those of 4,000 frames with 15 functional groups
each. pydicom makes an object of each, a million of which would take ten seconds and a gigabyte."""

MAX_READ_BYTES = 64 * 1024 * 1024
"""Most bytes of one file held in memory at once; 4096x4096 pixels take half of it."""

MIN_PIXEL_SPACING_MM = 0.01
"""Smallest PixelSpacing: a tenth of the finest CT detector element."""

MAX_PIXEL_SPACING_MM = 10.0
"""Largest PixelSpacing: a 512 matrix over 5 m."""

LOWEST_HU = -1024.0
"""HU below which values are clipped: air, below it are only padding and noise."""

WRAPPED_HU = 2000.0
"""HU from which a pixel between two of air is taken for a wrapped one: with 12 bits stored, values that wrap stay below
what CT can reach (geometry.hounsfield.HIGHEST_CT_HU). Metal and bone are wider than a pixel, and partial volume
surrounds them."""

WRAPPED_SHARE = 1e-3
"""Share of such pixels that no slices have: noise of 10 HU around air already brings as many below the lowest value."""

INSCRIBED_SHARE = 0.7
"""Side of the square, as a share of the image, in which air is looked for: the largest one inside the circle of the
field of view (1 / sqrt 2). Padding surrounds it, at a value that can pass for air once the intercept is lost."""

HIGHEST_HU = 3071.0
"""HU above which announced padding becomes air: the top of the 12 bits that scanners use. Padding announced between
air and here is left alone: some files announce a value that is tissue, and -1024 HU in a nodule would be worse than
grey corners."""

AIR_PERCENTILE = 1.0
"""The percentile of the unpadded pixels in that square that must be air or lung, over all slices decoded. At the lowest
tips of the lungs they still cover several per cent of it."""

TOO_LOW_PERCENTILE = 5.0
"""The percentile that must not lie below air: noise of a sharp kernel at low dose scatters single pixels further."""

PADDING_BELOW_HU = -1500.0
"""HU below which a pixel is taken for padding that no element announces (-2000 is usual, rescaled -3024)."""

CENTRAL_SHARE = 0.5
"""Side of the square, as a share of the image, that has no padding even where the reconstructed field of view is
larger than the scanned one."""

CENTRAL_PADDING_SHARE = 0.1
"""Largest share of such padding in that square; more is air at a wrong HU."""

MAX_TILES = 4096
"""Most tiles of a JPEG 2000 frame: tiles of 64x64 in the largest matrix."""

MIN_PRECISION, MAX_PRECISION = 2, 16
"""Bits a pixel in a compressed frame."""

DECODE_CPU_SECONDS = 1.5
"""Processor time for one compressed frame of up to DECODE_CPU_PIXELS, in proportion above: ten times what the slowest
decoder needs, however busy the machine."""

DECODE_CPU_PIXELS = 1024 * 1024
"""See DECODE_CPU_SECONDS."""

DECODE_SECONDS = 30.0
"""Time by the clock for one compressed frame: for a decoder that waits instead of computing."""

DECODE_START_SECONDS = 60.0
"""Time by the clock for the first frame of a child process, which has to start on a busy machine."""

MAX_DECODERS = 4
"""Most child processes that decode at once; more gain little, as reading the files becomes the limit."""

FRAMES_PER_DECODER = 24
"""Frames that make another child process worth its start: a ROI is read by one, a volume by all."""

DECODER_MEMORY_BYTES = 512 * 1024**2
"""Memory of a decoding child, where the operating system can limit it: twice what 4096x4096 pixels need."""
