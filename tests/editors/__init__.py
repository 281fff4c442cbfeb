"""The clients in the real editors: VS Code (code-server in Chromium) and Neovim, each a lane of its own."""
