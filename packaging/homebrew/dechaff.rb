class Dechaff < Formula
  desc "Strip the boilerplate that scraping leaves in extracted text"
  homepage "https://github.com/OWNER/dechaff"
  url "https://github.com/OWNER/dechaff/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license any_of: ["MIT", "Apache-2.0"]
  head "https://github.com/OWNER/dechaff.git", branch: "main"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    generate_completions_from_executable(bin/"dechaff", "completions")
    system bin/"dechaff", "man", "-o", man1
  end

  test do
    (testpath/"page.txt").write "The bridge opened on Monday.\nCopy link\n"
    assert_equal "The bridge opened on Monday.\n", shell_output("#{bin}/dechaff clean -q page.txt")
  end
end
