#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `epxbar gradient` from .npz to .npz: round trips, and every kind of bad input by name.
# Usage: test_cli_gradient.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2317 # functions called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
npz() { "$python3" "$here/make_npz.py" "$@" || fail "make_npz.py $*"; }
same() { "$python3" - "$@" <<'PYTHON'; }
import sys, zipfile
a, b = (zipfile.ZipFile(path) for path in sys.argv[1:3])
prefix = sys.argv[3] if len(sys.argv) > 3 else ""
names = [n for n in a.namelist() if n.startswith(prefix)]
different = [n for n in names if n not in b.namelist() or a.read(n) != b.read(n)]
sys.exit(f"differ: {different}" if different or not names else 0)
PYTHON
# lists FILE: the arrays of an .npz with type and shape, sorted.
lists() { "$python3" - "$1" <<'PYTHON'; }
import ast, struct, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for name in sorted(archive.namelist()):
    data = archive.read(name)
    header = ast.literal_eval(data[10:10 + struct.unpack("<H", data[8:10])[0]].decode())
    print(name[:-4], header["descr"], header["shape"])
PYTHON

# Parameters of a training run; a batch made by hand.
run 0 train tiny.yaml --threads 1 --set substrate.kind=golden -o golden
npz bare.npz +golden/checkpoint.npz:param.
npz batch.npz x=f4:5,3,32,32:ramp y=i8:5:mod10
run 0 gradient tiny.yaml --params golden/checkpoint.npz --batch batch.npz --out prefixed.npz \
  --threads 1 --set substrate.precision=float64
quiet
run 0 gradient tiny.yaml --params bare.npz --batch batch.npz --out bare-out.npz --threads 2 \
  --set substrate.precision=float64
check 'the prefix param. and the threads make no difference' same prefixed.npz bare-out.npz
lists prefixed.npz >found
for name in 'loss.free <f8 (5,)' 'state.step1.1 <f8 (5, 4, 16, 16)' 'state.free.2 <f8 (5, 8, 8, 8)' \
  'state.plus.1 <f8 (5, 4, 16, 16)' 'state.minus.2 <f8 (5, 8, 8, 8)' \
  'grad.symmetric.conv0.weight <f8 (4, 3, 3, 3)' 'grad.one_sided.conv1.bias <f8 (8,)' \
  'grad.richardson.readout.weight <f8 (10, 512)' 'grad.bptt.readout.bias <f8 (10,)' \
  'grad.equilibrium.conv1.weight <f8 (8, 4, 3, 3)'; do
  check "an array $name" grep -q -x -F "$name" found
done
check 'a state of every kind and layer, six gradients of five sets, a loss' \
  test "$(wc -l <found)" -eq $((4 * 2 + 5 * 6 + 1))

# The run's own gradients are those of its parameters: --run and --params agree in the free loss.
npz double.npz +batch.npz x=f8:5,3,32,32:ramp
run 0 gradient tiny.yaml --params bare.npz --batch double.npz --out double-out.npz \
  --set substrate.precision=float64
what='images in float64 are taken as they are, not cut to float32'
! same prefixed.npz double-out.npz >/dev/null 2>&1 || fail 'the same numbers'
npz double.npz +batch.npz x=f8:5,3,32,32:0.25
npz single.npz +batch.npz x=f4:5,3,32,32:0.25
for batch in single double; do
  run 0 gradient tiny.yaml --params bare.npz --batch $batch.npz --out $batch-out.npz \
    --set substrate.precision=float64
done
check 'what float32 holds is the same in both' same single-out.npz double-out.npz
for type in i1 u1 i2 u2 i4 u4 u8; do
  npz typed.npz +batch.npz "y=$type:5:mod10"
  run 0 gradient tiny.yaml --params bare.npz --batch typed.npz --out typed-out.npz \
    --set substrate.precision=float64
  check "labels of type $type" same prefixed.npz typed-out.npz
done
run 0 gradient tiny.yaml --params bare.npz --batch batch.npz --out single.npz
what='float32 and float64 differ'
! same prefixed.npz single.npz 2>/dev/null || fail 'they do not'
run 0 gradient tiny.yaml --params bare.npz --batch batch.npz --out short.npz \
  --equilibrium-steps 3 --set substrate.precision=float64
run 0 gradient tiny.yaml --params bare.npz --batch batch.npz --out long.npz \
  --equilibrium-steps 200 --set substrate.precision=float64
check '200 steps are the default' same prefixed.npz long.npz
check 'three steps to equilibrium are BPTT over three nudged steps' \
  diff <(lists short.npz | grep bptt) <(lists short.npz | grep equilibrium | sed s/equilibrium/bptt/)
what='equilibrium over three steps'
"$python3" - short.npz <<'PYTHON' || fail 'is not BPTT over the three nudged steps'
import sys, zipfile
a = zipfile.ZipFile(sys.argv[1])
bptt = [n for n in a.namelist() if n.startswith("grad.bptt.")]
sys.exit(not bptt or any(a.read(n) != a.read(n.replace("bptt", "equilibrium")) for n in bptt))
PYTHON

# The dynamics' keys reach the golden model, in both modes of the command.
for set in dynamics.update=alternating dynamics.switches=frozen; do
  run 0 gradient tiny.yaml --params bare.npz --batch batch.npz --out set.npz \
    --set "$set" --set substrate.precision=float64
  what="$set, .npz mode"
  ! same prefixed.npz set.npz grad.symmetric 2>/dev/null || fail 'no effect'
  run 0 gradient tiny.yaml --images 2 --beta 0.5 --set substrate.kind=golden --threads 1
  cp out plain
  run 0 gradient tiny.yaml --images 2 --beta 0.5 --set substrate.kind=golden --threads 1 \
    --set "$set"
  what="$set, on test images"
  ! cmp -s plain out || fail 'no effect'
  run 0 gradient tiny.yaml --images 2 --beta 0.5 --set substrate.kind=golden --threads 1 \
    --set "$set" --twin
  says "the twin is left out with max: ${set%%=*}: the twin"
done

# Unidirectional connections: other sets, and backward weights.
uni=(--set network.connections=unidirectional)
run 0 train tiny.yaml --threads 1 --set substrate.kind=golden "${uni[@]}" -o uni
run 0 gradient tiny.yaml "${uni[@]}" --params uni/checkpoint.npz --batch batch.npz --out uni.npz
lists uni.npz >found
for name in 'grad.symmetric_same.conv1.backward <f8 (8, 4, 3, 3)' \
  'grad.symmetric_different.conv1.backward <f8 (8, 4, 3, 3)' \
  'grad.bptt.conv1.backward <f8 (8, 4, 3, 3)' 'grad.equilibrium.conv1.backward <f8 (8, 4, 3, 3)'; do
  check "an array $name" grep -q -x -F "$name" found
done
check 'no set of bidirectional connections' test "$(grep -c 'one_sided' found)" -eq 0
check 'a line of angles for each epoch, and one before' test "$(wc -l <uni/alignment.csv)" -eq 4
run 0 train tiny.yaml --threads 1 "${uni[@]}" -o uni_twin
check 'so of the twin' test "$(wc -l <uni_twin/alignment.csv)" -eq 4

# script/check-reference: passes on what the program itself has written, and sees what is changed.
reference() {
  local code=$1 text=$2
  what="check-reference: $text"
  "$here/../../script/check-reference" --epxbar "$epxbar" "${3:-cases}" >out 2>err
  [ $? -eq "$code" ] || { fail "another exit code than $code" && show; }
  grep -q -F -e "$text" out err || { fail "no '$text'" && show; }
}
mkdir cases
cat >cases/a.json <<'JSON'
{"input": [3, 32, 32], "layers": [{"conv": 4, "pool": "max"}, {"conv": 8, "pool": "max"}],
 "classes": 10, "loss": "cross_entropy", "activation": "hard_sigmoid_half",
 "free_steps": 6, "nudged_steps": 3, "beta": 0.5}
JSON
npz arrays.npz +golden/checkpoint.npz +batch.npz
run 0 gradient tiny.yaml --params arrays.npz --batch arrays.npz --out a-out.npz \
  --set substrate.precision=float64
npz cases/a.npz +arrays.npz +a-out.npz
reference 0 '1 cases: all within the limits'
check 'every set in both precisions' test "$(grep -c '^a .*float' out)" -eq 20
npz cases/a.npz +arrays.npz +a-out.npz 'grad.one_sided.conv1.weight[5]=0.25'
reference 1 'grad.one_sided.conv1.weight  FAILED: above 1e-11'
check 'nothing else differs' test "$(grep -c FAILED out)" -eq 2
npz cases/a.npz +arrays.npz +a-out.npz state.free.2=f8:5,8,8,8:nan
reference 1 'state.free.2  FAILED'
npz cases/a.npz +arrays.npz +a-out.npz grad.other.conv0.bias=f8:4:1
reference 1 'grad.other.conv0.bias  FAILED'
npz cases/a.npz +arrays.npz
reference 1 'nothing to compare'
npz cases/a.npz +arrays.npz -y
reference 1 "no array 'y'"
mkdir empty
reference 2 'no NAME.json' empty
reference 2 'no such folder' nowhere

# bad TEXT PARAMS BATCH: refused with 2, by file and reason; nothing is written.
bad() {
  rm -f bad-out.npz
  refuse 2 "$1" gradient tiny.yaml --params "$2" --batch "$3" --out bad-out.npz
  check "no output after: $1" absent bad-out.npz
}
bad 'none.npz: No such file' none.npz batch.npz
bad 'none.npz: No such file' bare.npz none.npz
bad 'tiny.yaml: not readable as an .npz' tiny.yaml batch.npz
bad 'tiny.yaml: not readable as an .npz' bare.npz tiny.yaml
head -c 3000 golden/checkpoint.npz >cut.npz
bad 'cut.npz: not readable as an .npz' cut.npz batch.npz

# Parameters.
npz p.npz +bare.npz -conv1.weight
bad "p.npz: no array 'conv1.weight'" p.npz batch.npz
npz p.npz +golden/checkpoint.npz -param.readout.bias
bad "p.npz: no array 'param.readout.bias'" p.npz batch.npz
npz p.npz +bare.npz conv0.weight=f8:4,3,5,5:0
bad "p.npz: conv0.weight has shape [4, 3, 5, 5]; expected [4, 3, 3, 3]" p.npz batch.npz
npz p.npz +bare.npz readout.weight=i4:10,512:0
bad "p.npz: array 'readout.weight'" p.npz batch.npz
what='backward weights are needed where connections are unidirectional'
refuse 2 "no array 'conv1.backward'" gradient tiny.yaml "${uni[@]}" --params bare.npz \
  --batch batch.npz --out bad-out.npz

# The batch.
npz b.npz +batch.npz -x
bad "b.npz: no array 'x'; expected the images" bare.npz b.npz
npz b.npz +batch.npz -y
bad "b.npz: no array 'y'; expected the labels" bare.npz b.npz
for shape in 5,3,32 5,3,32,31 5,1,32,32 5,32,32,3 0,3,32,32 3,32,32 5,3,32,32,1; do
  npz b.npz +batch.npz "x=f4:$shape:ramp"
  bad "of shape (${shape//,/, }); expected float32 or float64 of shape (N, 3, 32, 32)" \
    bare.npz b.npz
done
npz b.npz +batch.npz x=i4:5,3,32,32:0
bad "b.npz: array 'x' is not real" bare.npz b.npz
npz b.npz +batch.npz x=f2:5,3,32,32:0
bad 'b.npz' bare.npz b.npz
for value in nan inf -inf; do
  npz b.npz +batch.npz "x[7]=$value"
  bad "b.npz: array 'x', element 7 of 15360: $value; expected finite numbers" bare.npz b.npz
done
npz b.npz +double.npz 'x[9]=1e39'
refuse 2 'image 0, element 9 of 3072, is 1e+39; the golden model in float32 takes values of at most' \
  gradient tiny.yaml --params bare.npz --batch b.npz --out bad-out.npz
check 'nothing is written' absent bad-out.npz
npz b.npz +batch.npz y=f4:5:1
bad "b.npz: array 'y' holds real numbers; expected integers" bare.npz b.npz
npz b.npz +batch.npz y=b1:5:1
bad 'b.npz' bare.npz b.npz
for shape in 4 6 5,1 1,5; do
  npz b.npz +batch.npz "y=i8:$shape:1"
  bad "b.npz: array 'y' has" bare.npz b.npz
done
for label in -1 10 9223372036854775807; do
  npz b.npz +batch.npz "y=i8:5:1" "y[3]=$label"
  bad 'array '\''y'\'', element 3: label' bare.npz b.npz
  says 'expected 0 to 9 (network.classes)'
done
npz b.npz +batch.npz y=u8:5:1 'y[2]=18446744073709551615'
bad "array 'y', element 2: label" bare.npz b.npz

# Options that belong together; places that cannot be written.
refuse 2 '--params and --batch belong together' gradient tiny.yaml --params bare.npz --out g.npz
refuse 2 '--params and --batch belong together' gradient tiny.yaml --batch batch.npz --out g.npz
refuse 2 '--equilibrium-steps goes with --params' gradient tiny.yaml --equilibrium-steps 3
for option in '--run golden' '--beta 0.1' '--pool max' '--images 2' --twin --gdu; do
  # shellcheck disable=SC2086 # two words
  refuse 2 'do not go with --params' gradient $option --params bare.npz --batch batch.npz \
    --out bad-out.npz
done
refuse 2 '--params needs --out G.npz' gradient tiny.yaml --params bare.npz --batch batch.npz
refuse 2 '--equilibrium-steps 0: expected a whole number, 1 to 100000' gradient tiny.yaml \
  --params bare.npz --batch batch.npz --out g.npz --equilibrium-steps 0
refuse 1 'no/g.npz' gradient tiny.yaml --params bare.npz --batch batch.npz --out no/g.npz
mkdir folder
refuse 2 '--out ./bare.npz would replace what is read' gradient tiny.yaml --params bare.npz \
  --batch batch.npz --out ./bare.npz
refuse 2 'folder: is a folder' gradient tiny.yaml --params bare.npz --batch batch.npz --out folder
cp prefixed.npz kept.npz
refuse 2 'none.npz' gradient tiny.yaml --params bare.npz --batch none.npz --out kept.npz
check 'a failure leaves an earlier result alone' cmp prefixed.npz kept.npz
check 'no parts of files left' test -z "$(find . -name '*.part' -print -quit)"
run 0 gradient --help
quiet
prints '--params=P.npz' '--batch=B.npz' '--equilibrium-steps=N' 'the .npz file to'
finish
