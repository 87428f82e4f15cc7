import Foundation
import Tokenization
func cpu() -> Double { var t = timespec(); clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9 }
let a = CommandLine.arguments
var t0 = cpu()
let t = try Tokenizer(tiktoken: a[1])
print("load ms", (cpu() - t0) * 1000)
let data = [UInt8](FileManager.default.contents(atPath: a[2])!)
let text = String(decoding: data, as: UTF8.self)
var ids = t.encode(text, addSpecial: false, parseSpecial: false)
for _ in 0..<3 {
t0 = cpu()
ids = t.encode(text, addSpecial: false, parseSpecial: false)
let d = cpu() - t0
print("MB/s", Double(data.count) / d / 1e6, ids.count)
}
if a.count > 3 { try ids.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: a[3])) } }
print(t.decode(ids, skipSpecial: false) == text)
