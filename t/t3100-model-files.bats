#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Model files are cut at their tensors: what a tensor's bytes are counts, not where they stand.

load lib

KIB=1024

# make_model ARG…: see t/tools/make-model.py.  Debian's Python has Debian's NumPy.
make_model()
{
	local python
	for python in python3 /usr/bin/python3; do
		if "$python" -c 'import numpy' 2>/dev/null; then
			"$python" "$MREG_SRCDIR/t/tools/make-model.py" "$@"
			return
		fi
	done
	echo "there is no python3 with NumPy" >&2
	return 1
}

# Tensors of 1 MiB, 320 KiB, 64 KiB and less, of 3.3 MiB altogether.
TENSORS=(embed:F32:262144 l0.q:F32:81920 l0.norm:F32:128 l0.up:BF16:600000 l1.q:F16:32768 l1.norm:F32:128 l1.up:I8:700000)

# stores_at_most BYTES PATH: puts a version of `m`, which is then what was put.
stores_at_most()
{
	mreg_is 0 put --json m "$2"
	json ".created and .stored <= $1"
	rm -rf back
	mreg get -q -o back m
	[ -d "$2" ] || { mkdir -p one && ln -f "$2" "one/${2##*/}"; }
	same_tree "$([ -d "$2" ] && echo "$2" || echo one)" back
	rm -rf one
}

@test "a safetensors file whose header grew stores its header" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.safetensors
	make_model safetensors model.safetensors 5101 "${TENSORS[@]}"
	stores_at_most $((16 * KIB)) model.safetensors
}

@test "a safetensors file whose tensors were reordered stores its header and what is small" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.safetensors
	make_model safetensors model.safetensors 100 l1.norm:F32:128 "${TENSORS[6]}" "${TENSORS[4]}" "${TENSORS[3]}" l0.norm:F32:128 "${TENSORS[1]}" "${TENSORS[0]}"
	stores_at_most $((16 * KIB)) model.safetensors
}

@test "a model that is written as three files stores their headers" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.safetensors
	mkdir shards
	make_model safetensors shards/model-00001-of-00003.safetensors 10 "${TENSORS[0]}"
	make_model safetensors shards/model-00002-of-00003.safetensors 10 "${TENSORS[@]:1:3}"
	make_model safetensors shards/model-00003-of-00003.safetensors 10 "${TENSORS[@]:4}"
	stores_at_most $((20 * KIB)) shards
}

@test "a model in another format stores what is no tensor" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.safetensors
	make_model gguf model.gguf 100 "${TENSORS[@]}"
	stores_at_most $((20 * KIB)) model.gguf
	make_model pt model.pt 100 "${TENSORS[@]}"
	stores_at_most $((20 * KIB)) model.pt
}

@test "one tensor that changed is stored alone" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.safetensors
	make_model safetensors model.safetensors 100 "${TENSORS[@]/#l1.q/l1.k}"
	stores_at_most $((76 * KIB)) model.safetensors
}

@test "a GGUF file whose metadata grew stores its metadata" {
	new_registry
	make_model gguf model.gguf 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.gguf
	make_model gguf model.gguf 7777 "${TENSORS[@]}"
	stores_at_most $((20 * KIB)) model.gguf
}

@test "a PyTorch checkpoint with another pickle stores that" {
	new_registry
	make_model pt model.pt 1000 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.pt
	make_model pt model.pt 3333 "${TENSORS[@]}"
	stores_at_most $((20 * KIB)) model.pt
}

@test "the arrays of a NumPy archive are known in any order, and alone" {
	new_registry
	make_model npz a.npz a:F32:500000 b:F16:100000 c:F32:10
	stores_at_most $((2300 * KIB)) a.npz
	make_model npz a.npz c:F32:10 b:F16:100000 a:F32:500000
	stores_at_most $((8 * KIB)) a.npz
	make_model npy a.npy F32 1000 500
	stores_at_most $((8 * KIB)) a.npy
	make_model npy a.npy F32 500 1000
	stores_at_most $((8 * KIB)) a.npy
}

@test "a compressed archive is cut by content" {
	new_registry
	make_model npz a.npz a:F32:50000
	mkdir files
	python3 - <<-'EOF'
		import zipfile
		with zipfile.ZipFile("files/a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
		    archive.write("a.npz")
	EOF
	stores_at_most $((300 * KIB)) files
}

# What every fuzz target has replayed as a small file, made large enough to be asked for its tensors.
@test "a header that is not to be believed fails no put" {
	local file kind
	new_registry
	mkdir files
	head -c 100000 "$MREG_BINARY" >noise
	for kind in safetensors gguf npy zip; do
		for file in "$MREG_SRCDIR/t/fuzz/corpus/$kind"/*; do
			cat "$file" noise >"files/$kind-${file##*/}"
		done
	done
	[ "$(find files -type f | wc -l)" -gt 50 ]
	stores_at_most 10000000 files
}

@test "a zip archive whose directory lies fails no put" {
	new_registry
	mkdir files
	make_model pt model.pt 1000 a:F32:50000 b:F32:60000
	python3 - <<-'EOF'
		good = open("model.pt", "rb").read()
		entry, end = good.rindex(b"PK\1\2"), good.rindex(b"PK\5\6")
		for i, (at, value) in enumerate([(entry + 20, 8 * b"\xff"), (entry + 20, 2 * b"\0\0\0\1"), (entry + 28, b"\xff\xff"),
		                                 (entry + 42, b"\0\0\0\0"), (entry + 42, b"\xff\xff\xff\xff"), (entry, b"abcd"),
		                                 (end + 10, b"\xff\xff"), (end + 12, b"\1\0\0\0"), (end + 16, b"\0\0\0\0"), (end, b"abcd")]):
		    open("files/%d.pt" % i, "wb").write(good[:at] + value + good[at + len(value):])
	EOF
	[ "$(find files -type f | wc -l)" = 10 ]
	stores_at_most 10000000 files
}

@test "a model that is cut short is stored" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	truncate -s 2000000 model.safetensors
	stores_at_most 2100000 model.safetensors
	make_model gguf model.gguf 100 "${TENSORS[@]}"
	truncate -s 2000000 model.gguf
	stores_at_most 2100000 model.gguf
}

@test "a model from a pipe is what it is from a file" {
	new_registry
	make_model safetensors model.safetensors 100 "${TENSORS[@]}"
	stores_at_most $((4000 * KIB)) model.safetensors
	run --separate-stderr -0 bash -c "cat model.safetensors | mreg put -q n --as model.safetensors -"
	says n:v0
	mreg get -q -o piped n:v0
	cmp piped/model.safetensors model.safetensors
}
