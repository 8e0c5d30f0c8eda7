
// Convolution of 3 x 3 or 5 x 5, stride 1 and dilation 1: a block of 4 x 4 pixels of four channels a thread.
//
// `params.src.offset` is that of the kernel's top-left tap for pixel (0, 0), within the border of
// zeros, so nothing is checked in the loops. A thread past the right or bottom edge reads what lies
// there and drops its sums.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
    let x = params.origin_x + id.x * 4u;
    let y = params.origin_y + id.y * 4u;
    let block = params.origin_block + group.z;
    let row = params.src.row;
    var w = params.first_weight + group.z * params.read_blocks * KERNEL_W * KERNEL_W;
    var top = at(params.src, block * 4u / params.group_out * params.group_in / 4u, y, x);
    var s00 = vec4<elem>();
    var s01 = vec4<elem>();
    var s02 = vec4<elem>();
    var s03 = vec4<elem>();
    var s10 = vec4<elem>();
    var s11 = vec4<elem>();
    var s12 = vec4<elem>();
    var s13 = vec4<elem>();
    var s20 = vec4<elem>();
    var s21 = vec4<elem>();
    var s22 = vec4<elem>();
    var s23 = vec4<elem>();
    var s30 = vec4<elem>();
    var s31 = vec4<elem>();
    var s32 = vec4<elem>();
    var s33 = vec4<elem>();
    for (var c = 0u; c < params.read_blocks; c++) {
        var line = top;
        for (var ky = 0u; ky < KERNEL_W; ky++) {
            let v00 = src[line];
            let v01 = src[line + 1u];
            let v02 = src[line + 2u];
            let v03 = src[line + 3u];
            let v04 = src[line + 4u];
            let v05 = src[line + 5u];
            let line1 = line + row;
            let v10 = src[line1];
            let v11 = src[line1 + 1u];
            let v12 = src[line1 + 2u];
            let v13 = src[line1 + 3u];
            let v14 = src[line1 + 4u];
            let v15 = src[line1 + 5u];
            let line2 = line + 2u * row;
            let v20 = src[line2];
            let v21 = src[line2 + 1u];
            let v22 = src[line2 + 2u];
            let v23 = src[line2 + 3u];
            let v24 = src[line2 + 4u];
            let v25 = src[line2 + 5u];
            let line3 = line + 3u * row;
            let v30 = src[line3];
            let v31 = src[line3 + 1u];
            let v32 = src[line3 + 2u];
            let v33 = src[line3 + 3u];
            let v34 = src[line3 + 4u];
            let v35 = src[line3 + 5u];
            {
                let m = weight(w);
                s00 += m * v00;
                s01 += m * v01;
                s02 += m * v02;
                s03 += m * v03;
                s10 += m * v10;
                s11 += m * v11;
                s12 += m * v12;
                s13 += m * v13;
                s20 += m * v20;
                s21 += m * v21;
                s22 += m * v22;
                s23 += m * v23;
                s30 += m * v30;
                s31 += m * v31;
                s32 += m * v32;
                s33 += m * v33;
            }
            {
                let m = weight(w + 1u);
                s00 += m * v01;
                s01 += m * v02;
                s02 += m * v03;
                s03 += m * v04;
                s10 += m * v11;
                s11 += m * v12;
                s12 += m * v13;
                s13 += m * v14;
                s20 += m * v21;
                s21 += m * v22;
                s22 += m * v23;
                s23 += m * v24;
                s30 += m * v31;
                s31 += m * v32;
                s32 += m * v33;
                s33 += m * v34;
            }
            {
                let m = weight(w + 2u);
                s00 += m * v02;
                s01 += m * v03;
                s02 += m * v04;
                s03 += m * v05;
                s10 += m * v12;
                s11 += m * v13;
                s12 += m * v14;
                s13 += m * v15;
                s20 += m * v22;
                s21 += m * v23;
                s22 += m * v24;
                s23 += m * v25;
                s30 += m * v32;
                s31 += m * v33;
                s32 += m * v34;
                s33 += m * v35;
            }
            if KERNEL_W == 5u {
                let v06 = src[line + 6u];
                let v07 = src[line + 7u];
                let v16 = src[line1 + 6u];
                let v17 = src[line1 + 7u];
                let v26 = src[line2 + 6u];
                let v27 = src[line2 + 7u];
                let v36 = src[line3 + 6u];
                let v37 = src[line3 + 7u];
                {
                    let m = weight(w + 3u);
                    s00 += m * v03;
                    s01 += m * v04;
                    s02 += m * v05;
                    s03 += m * v06;
                    s10 += m * v13;
                    s11 += m * v14;
                    s12 += m * v15;
                    s13 += m * v16;
                    s20 += m * v23;
                    s21 += m * v24;
                    s22 += m * v25;
                    s23 += m * v26;
                    s30 += m * v33;
                    s31 += m * v34;
                    s32 += m * v35;
                    s33 += m * v36;
                }
                {
                    let m = weight(w + 4u);
                    s00 += m * v04;
                    s01 += m * v05;
                    s02 += m * v06;
                    s03 += m * v07;
                    s10 += m * v14;
                    s11 += m * v15;
                    s12 += m * v16;
                    s13 += m * v17;
                    s20 += m * v24;
                    s21 += m * v25;
                    s22 += m * v26;
                    s23 += m * v27;
                    s30 += m * v34;
                    s31 += m * v35;
                    s32 += m * v36;
                    s33 += m * v37;
                }
            }
            w += KERNEL_W;
            line += row;
        }
        top += params.src.plane;
    }
    var sums = array<vec4<elem>, 16>(
        s00, s01, s02, s03,
        s10, s11, s12, s13,
        s20, s21, s22, s23,
        s30, s31, s32, s33,
    );
    for (var i = 0u; i < 16u; i++) {
        finish(sums[i], block, y + i / 4u, x + i % 4u);
    }
}
