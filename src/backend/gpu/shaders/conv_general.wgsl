
// Convolution of any kernel, stride, dilation, padding and group: one pixel of one block a thread.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + group.z;
    let taps = KERNEL_H * KERNEL_W;
    let read_first = block * 4u / params.group_out * params.group_in / 4u;
    var w = params.first_weight + group.z * params.read_blocks * taps;
    var sum = vec4<elem>();
    for (var c = 0u; c < params.read_blocks; c++) {
        let read = min(read_first + c, params.src.blocks - 1u);
        for (var ky = 0u; ky < KERNEL_H; ky++) {
            // Above or left of the picture these wrap to huge numbers.
            let sy = y * params.stride_y + ky * params.dilation_y - params.pad_top;
            for (var kx = 0u; kx < KERNEL_W; kx++) {
                let sx = x * params.stride_x + kx * params.dilation_x - params.pad_left;
                if sy < params.src.height && sx < params.src.width {
                    sum += weight(w) * src[at(params.src, read, sy, sx)];
                }
                w++;
            }
        }
    }
    finish(sum, block, y, x);
}
