"""Holds a library against its symbol lists, as a test.

    load("//build:zxh_symbols.bzl", "zxh_symbols_test")

    zxh_symbols_test(
        name = "mylib_symbols",
        library = ":mylib",
        imports = "mylib.allowlist",
        exports = "mylib.ifs",
        version_script = "mylib.ld",
        needed = ["libc.so"],
        providers = {"//lib:libc": "libc"},
        zxh = "@zx_harness//:zxh",
    )
"""

def _zxh_symbols_test_impl(ctx):
    words = [ctx.executable.zxh.short_path, "symbols", "check", ctx.file.library.short_path]
    files = [ctx.file.library]
    for option, file in (
        ("--imports", ctx.file.imports),
        ("--exports", ctx.file.exports),
        ("--version-script", ctx.file.version_script),
    ):
        if file:
            words += [option, file.short_path]
            files.append(file)
    for name in ctx.attr.needed:
        words += ["--needed", name]
    for target, group in ctx.attr.providers.items():
        provider = target.files.to_list()[0]
        words += ["--provider", "%s=%s" % (group, provider.short_path)]
        files.append(provider)
    if ctx.attr.strict:
        words.append("--strict")
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    quoted = " ".join(["'%s'" % word.replace("'", "'\\''") for word in words])
    ctx.actions.write(script, "#!/bin/sh\nexec %s\n" % quoted, is_executable = True)
    runfiles = ctx.runfiles(files = files).merge(ctx.attr.zxh[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

zxh_symbols_test = rule(
    implementation = _zxh_symbols_test_impl,
    test = True,
    attrs = {
        "library": attr.label(mandatory = True, allow_single_file = True),
        "imports": attr.label(allow_single_file = True),
        "exports": attr.label(allow_single_file = True),
        "version_script": attr.label(allow_single_file = True),
        "needed": attr.string_list(),
        "providers": attr.label_keyed_string_dict(allow_files = True),
        "strict": attr.bool(),
        "zxh": attr.label(mandatory = True, executable = True, cfg = "exec"),
    },
)
